// policies.ts - what sensors are asked to watch: the calls, and a policy as text.
import { call, v1 } from './api';

export type Policy = Record<string, unknown>;

export interface NamedPolicy {
	name: string;
	changed_at: string;
	changed_by: string;
	policy: Policy;
}

/** What applies to one asset. */
export interface EffectivePolicy {
	policy: Policy;
	digest: string;
	/** The most general first. */
	made_of: string[];
	left_out: number;
}

export const getPolicies = (abort?: AbortSignal) => call<{ items: NamedPolicy[] }>('GET', v1('policies'), { abort });
export const putPolicy = (name: string, policy: unknown) => call<NamedPolicy>('PUT', v1('policies', name), { body: policy });
export const deletePolicy = (name: string) => call<void>('DELETE', v1('policies', name));
export const getAssetPolicy = (id: string, abort?: AbortSignal) =>
	call<EffectivePolicy>('GET', v1('assets', id, 'policy'), { abort });

export const policyText = (policy: Policy) => JSON.stringify(policy, null, '\t');
