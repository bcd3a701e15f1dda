// sensorstate.tsx - how a sensor is, in words.
import { href } from '../router';
import { plural, visible } from '../text';
import type { Sensor } from '../types';
import { Ago, Text } from './text';

const COLOURS: Record<Sensor['status'], string> = { online: 'good', silent: 'warn', offline: 'warn', revoked: 'bad' };

/** For searching and sorting: the worst first. */
export const STATUS_ORDER: Sensor['status'][] = ['silent', 'offline', 'online', 'revoked'];

export function StateMark({ sensor }: { sensor: Sensor }) {
	const { status, silent_s: silent, busy_table: busy } = sensor;
	const colour = COLOURS[status];
	return (
		<span class={`state-mark ${colour}`}>
			<span class={`dot ${colour}`} />
			<span class="state-words">
				{status === 'offline' && (sensor.last_seen
					? <>offline, last heard of <Ago at={sensor.last_seen} /></>
					: 'offline, never heard of')}
				{status === 'silent' && <>reader silent for {silent ?? '?'} s{busy && <> while reading {visible(busy)}</>}</>}
				{status !== 'offline' && status !== 'silent' && status}
			</span>
		</span>
	);
}

/** The same as plain text, for titles and the search. */
export function stateText(sensor: Sensor): string {
	const { status, silent_s: silent, busy_table: busy } = sensor;
	return status === 'silent'
		? `reader silent for ${silent ?? '?'} s${busy ? ` while reading ${visible(busy)}` : ''}`
		: status;
}

export function notesText(sensor: Sensor): string {
	return [
		sensor.is_duplicated ? 'duplicated key' : '',
		sensor.clone_of ? `clone of ${sensor.clone_of}` : '',
		sensor.collectors_failing > 0 ? `${plural(sensor.collectors_failing, 'collector')} failing` : '',
		sensor.policy && !sensor.policy.is_in_force ? 'policy pending' : '',
		sensor.collectors_off > 0 ? `${sensor.collectors_off} off` : '',
	].filter(Boolean).join(', ');
}

/** What else there is to know; nothing where all is well. */
export function Notes({ sensor, nameOf }: { sensor: Sensor; nameOf(id: string): string }) {
	const { policy, clone_of: original } = sensor;
	return (
		<span class="notes">
			{sensor.is_duplicated && <span class="mark bad" title={sensor.duplicates ? visible(sensor.duplicates) : undefined}>duplicated key</span>}
			{original && <span class="mark warn">clone of <Text of={nameOf(original)} max={40} /></span>}
			{sensor.collectors_failing > 0 && <span class="mark bad">{plural(sensor.collectors_failing, 'collector')} failing</span>}
			{policy && !policy.is_in_force && <span class="mark warn">policy pending</span>}
			{sensor.collectors_off > 0 && <span class="muted">{sensor.collectors_off} off</span>}
		</span>
	);
}

/** Whether what was asked of it is done. */
export function PolicyState({ sensor }: { sensor: Sensor }) {
	const { policy } = sensor;
	if (!policy) {
		return <span class="muted">this sensor is too old to know policies</span>;
	}
	return policy.is_in_force
		? <span class="good">in force</span>
		: <span class="warn">pending: {sensor.is_connected ? 'the sensor has not confirmed it yet' : 'the sensor gets it when it comes back'}</span>;
}

export const sensorHref = (asset: string) => href(['assets', asset, 'sensor']);
