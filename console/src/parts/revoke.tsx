// revoke.tsx - cutting a sensor off, after a second thought.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError, revokeSensor } from '../api';
import { visible } from '../text';
import type { Sensor } from '../types';
import { Dialog } from './dialog';
import { Failure } from './states';
import { Text } from './text';

export function Revoke({ sensor, onClose, onDone }: { sensor: Sensor; onClose(): void; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const revoke = async () => {
		try {
			await revokeSensor(sensor.id);
			onDone();
			onClose();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<Dialog title="Revoke this sensor?" onClose={onClose}>
			<p>
				<strong><Text of={sensor.name} /></strong> (<code>{visible(sensor.id)}</code>) is cut off at once and for good. Its asset and
				history stay. To watch the machine again, enrol it anew.
			</p>
			{error && <Failure error={error} />}
			<footer>
				<button onClick={onClose} autofocus>Keep it</button>
				<button class="danger" onClick={revoke}>Revoke</button>
			</footer>
		</Dialog>
	);
}
