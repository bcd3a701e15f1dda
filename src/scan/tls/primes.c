/* primes.c - RFC 7919, RFC 3526, RFC 2409, RFC 5114, and what software brought along. */
#include "scan/tls/primes.h"

#include "base/attr.h"
#include "base/reader.h"

struct prime {
	uint64_t sha256; /* its first eight bytes */
	const char *name;
};

/* In the order of the hashes. */
static const struct prime primes[] = {
	{ 0x0a64b51e01fbccd8, "ProFTPD" },
	{ 0x0b7835722cb61982, "RFC 5114 2048/256" },
	{ 0x0ce3987be0923295, "LibTomCrypt" },
	{ 0x0ea9ef1fd4b42cff, "ProFTPD" },
	{ 0x0eaf67db3a839156, "RFC 7919 ffdhe3072" },
	{ 0x1401ba0d70afd57f, "ProFTPD" },
	{ 0x196085cb4281d1ff, "weakdh.org survey" },
	{ 0x20ce5e9531472e23, "Postfix" },
	{ 0x227ac9066b3ddd9e, "RFC 7919 ffdhe6144" },
	{ 0x22e8c3768c4947ee, "LibTomCrypt" },
	{ 0x245ccb3bb7e5f8e4, "Postfix" },
	{ 0x2b07d24b932aa7a0, "weakdh.org survey" },
	{ 0x2f4370d98ffd18aa, "ProFTPD" },
	{ 0x3166ce1918000532, "OpenSSL" },
	{ 0x3504275b93e5db8a, "ProFTPD" },
	{ 0x3576d07c0658c023, "ProFTPD" },
	{ 0x362b5d25eb8b949b, "LibTomCrypt" },
	{ 0x39ab4feab950a312, "RFC 3526 group 18" },
	{ 0x3b37d357836b4c0b, "Postfix" },
	{ 0x3cdb020b9ef298b2, "mod_ssl 2.0" },
	{ 0x3e21a641dbe236fd, "ProFTPD" },
	{ 0x3f35a3f5f6c4376a, "RFC 2409 group 2" },
	{ 0x406b95f336f4588f, "ProFTPD" },
	{ 0x449ab49c277d21a6, "Postfix" },
	{ 0x44c55cfee5c07592, "RFC 5114 1024/160" },
	{ 0x4648414224ac881b, "RFC 7919 ffdhe4096" },
	{ 0x46ff79361993e5e6, "ProFTPD" },
	{ 0x486e235226a927b2, "HAProxy" },
	{ 0x48cf8b092fbce435, "RFC 3526 group 15" },
	{ 0x4e1f16b0a537becf, "Postfix" },
	{ 0x4ee95187682bcb23, "RFC 3526 group 16" },
	{ 0x52d4faa53003b834, "weakdh.org survey" },
	{ 0x5de6d78891cd9a75, "ProFTPD" },
	{ 0x5f856a00120eee6d, "weakdh.org survey" },
	{ 0x6215d41bb617b390, "SKIP" },
	{ 0x64fcc83ec403930b, "RFC 3526 group 5" },
	{ 0x66d0bf38b0bdfacf, "OpenSSL" },
	{ 0x6ab0cedf512ead33, "ProFTPD" },
	{ 0x6b79f7880e90204b, "ProFTPD" },
	{ 0x6c863838510bab3e, "Postfix" },
	{ 0x725541d91fe79bcf, "SKIP" },
	{ 0x73b391ec8da33ee1, "Java" },
	{ 0x74a5cce5b6a93eb7, "weakdh.org survey" },
	{ 0x770b14efaf6f0499, "RFC 7919 ffdhe8192" },
	{ 0x7b6551ea6ff09bd7, "HAProxy" },
	{ 0x7dafc874c19963c0, "Postfix" },
	{ 0x80571b97f71f8972, "weakdh.org survey" },
	{ 0x80b421f627228225, "ProFTPD" },
	{ 0x8523c72057043833, "weakdh.org survey" },
	{ 0x8ab7986eaa2c27eb, "LibTomCrypt" },
	{ 0x8ae47dca3d24e9b6, "nginx" },
	{ 0x8b4fa096eb2414e2, "ProFTPD" },
	{ 0x8bf91c38e2a92b25, "LibTomCrypt" },
	{ 0x984a91adb717c975, "ProFTPD" },
	{ 0x9cd3b7f336872f46, "RFC 7919 ffdhe2048" },
	{ 0x9e348a9471b7d123, "OpenSSL" },
	{ 0x9f5e9f4e49f84999, "ProFTPD" },
	{ 0xa2052ee3a461387e, "ProFTPD" },
	{ 0xa5bdec8cf036e2ab, "ProFTPD" },
	{ 0xa642950d9c2cdc78, "LibTomCrypt" },
	{ 0xa67f41cb161353e0, "HAProxy" },
	{ 0xac0ff7a415f003c6, "weakdh.org survey" },
	{ 0xac10fa3c5965ca36, "Socat" },
	{ 0xad225f9367840e76, "Postfix" },
	{ 0xadaf2d463f6f71d6, "ProFTPD" },
	{ 0xb22223eba55eff07, "Postfix" },
	{ 0xb36ac84e5fa8bd7a, "Postfix" },
	{ 0xb52ba6a3026520a6, "RFC 2409 group 1" },
	{ 0xb85e2291d1404593, "Postfix" },
	{ 0xbc19c041491e550f, "weakdh.org survey" },
	{ 0xbc66927384785251, "Postfix" },
	{ 0xbd132a9c3bb1b0db, "ProFTPD" },
	{ 0xbd646809c4e2d255, "Postfix" },
	{ 0xbf910d9df4e0b2e7, "mod_ssl 2.2" },
	{ 0xbfa876fe4671a9c6, "IronPort" },
	{ 0xbfe545862ca102ad, "RFC 5114 2048/224" },
	{ 0xc43bb4fe47a64133, "ProFTPD" },
	{ 0xcc21a33dd1a3edf4, "Java" },
	{ 0xce7728db3aed1119, "OpenSSL" },
	{ 0xcf44c99b85dabecc, "ProFTPD" },
	{ 0xcfb14315e90c3ce2, "ProFTPD" },
	{ 0xd03fdc7fe0f0d300, "Socat" },
	{ 0xd1bfe6d0925ce7e4, "RFC 3526 group 17" },
	{ 0xd2ae65bfc24596c0, "Postfix" },
	{ 0xd3d1fa2923c8dc2d, "ProFTPD" },
	{ 0xd66436f79bbd6b2e, "RFC 3526 group 14" },
	{ 0xd6dcdf1380fcf5d1, "LibTomCrypt" },
	{ 0xd9f6f2a0adb3427c, "LibTomCrypt" },
	{ 0xdb01e702899166da, "mod_ssl 2.2" },
	{ 0xdeb671287187265a, "weakdh.org survey" },
	{ 0xe2b343fa226b7109, "Postfix" },
	{ 0xe7257339c7b3c36b, "ProFTPD" },
	{ 0xeba4ea9cdaf56d1c, "ProFTPD" },
	{ 0xee302f149664decf, "Postfix" },
	{ 0xee5483fe4b96caa1, "Java" },
	{ 0xef627d8cc44144f3, "Postfix" },
	{ 0xf17daff1413023f2, "ProFTPD" },
	{ 0xf26e2403f3f07946, "OpenSSL" },
	{ 0xf5b0f0db19c1ffb9, "Postfix" },
	{ 0xf79d1db3c955a28f, "mod_ssl 2.2" },
	{ 0xfb2de97ce408f3d2, "ProFTPD" },
};

const char *primes_name(const uint8_t sha256[32])
{
	struct reader r = reader_over((struct span){ sha256, 32 });
	uint64_t head = reader_be64(&r);
	size_t low = 0;
	size_t high = COUNT_OF(primes);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (primes[middle].sha256 < head) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < COUNT_OF(primes) && primes[low].sha256 == head ? primes[low].name : NULL;
}
