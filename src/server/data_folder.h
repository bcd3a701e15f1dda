/*
 * data_folder.h - what lies where in a data folder, and making it on the first start.
 *
 * A folder has one owner at a time: whoever holds its lock.
 */
#pragma once

#include "base/attr.h"
#include "sys/net.h"
#include "sys/why.h"

#define DATA_FOLDER_PATH_SIZE 4096

/* Makes DIR (mode 0700) where it is missing, resolves it to an absolute path and makes it the
 * working directory: sockets are reached from there, because their paths must be short. */
MUST_USE int data_folder_enter(const char *folder, char out[DATA_FOLDER_PATH_SIZE],
			       struct why *why);

/* Takes the folder's lock for the life of out_fd. ERR_EXISTS names the process that holds it. */
MUST_USE int data_folder_lock(const char *folder, int *out_fd, struct why *why);

/* Makes what is missing: run/, tenants/, platform.db, the tenant "default", operator.token, the CA
 * and the server's certificate, which bears these addresses too. Needs the lock. */
MUST_USE int data_folder_prepare(const char *folder, const struct net_address *sensors,
				 const struct net_address *api, struct why *why);

/* Where ingest connects to the engine, from the data folder. */
#define DATA_FOLDER_BUS_PATH "run/bus.sock"

/* Where feeds connects to the engine. What came over it may only tell of feeds. */
#define DATA_FOLDER_FEEDS_BUS_PATH "run/feeds.sock"

#define DATA_FOLDER_BUS_PATH_SIZE 64

/* A new path that cannot be guessed, "run/api-HEX.sock": where the api connects. Removes earlier
 * ones. */
void data_folder_new_api_bus_path(char out[DATA_FOLDER_BUS_PATH_SIZE]);

/* The one that is there. ERR_NOT_FOUND where no engine has made one. */
MUST_USE int data_folder_api_bus_path(char out[DATA_FOLDER_BUS_PATH_SIZE], struct why *why);

/* Writes DIR/run/addresses.json, from which the command line finds its server. */
MUST_USE int data_folder_write_addresses(const char *folder, const char *sensors, const char *api,
					 struct why *why);
