// eventwords.ts - an event as a sentence, and how much it asks for attention.
import { valueText } from './text';
import type { AssetEvent, Value } from './types';

export const KIND_NAMES: Record<string, string> = {
	executions: 'Execution', logins: 'Login', sudo_uses: 'Sudo', account_changes: 'Account',
	service_changes: 'Service', file_changes: 'File', gaps: 'Gap', alerts: 'Alert',
};

/** What of a sentence is foreign, and what is ours. */
export interface Phrase {
	said?: string;
	foreign?: string;
}

export interface Words {
	phrases: Phrase[];
	tone: 'plain' | 'warn' | 'bad';
}

type Row = Record<string, Value>;

const text = (row: Row, name: string) => valueText(row[name]);

/** Each given piece; those without a value are left out, with what leads to them. */
function say(...pieces: (string | [lead: string, foreign: string])[]): Phrase[] {
	return pieces.flatMap((piece): Phrase[] => {
		if (typeof piece === 'string') {
			return piece ? [{ said: piece }] : [];
		}
		const [lead, foreign] = piece;
		return foreign ? [...(lead ? [{ said: lead }] : []), { foreign }] : [];
	});
}

const GAP_REASONS: Record<string, string> = {
	kernel: "the kernel's queue ran over", ring: "the sensor's disk ring was full", rate: "over the policy's limit",
	source: 'a log was cut', server: 'the server had to drop them',
};

function commandLine(row: Row): string {
	const list = row['arguments'];
	return Array.isArray(list) && list.length > 0 ? list.join(' ') : text(row, 'executable');
}

function login(row: Row): Words {
	const isSuccess = row['is_success'] === true;
	const times = Number(row['count'] ?? 0) > 1 ? `${valueText(row['count'])} times` : '';
	return {
		phrases: say(['', text(row, 'user') || 'nobody'], isSuccess ? 'came in' : 'was refused', times,
			['by', text(row, 'service')], ['with', text(row, 'method')], ['from', text(row, 'address')],
			['on', text(row, 'terminal')], ['as asked by', text(row, 'by')], ['because:', text(row, 'reason')]),
		tone: isSuccess ? 'plain' : 'warn',
	};
}

function sudo(row: Row): Words {
	const isAllowed = row['is_allowed'] !== false;
	return {
		phrases: say(['', text(row, 'user')], isAllowed ? 'ran' : 'was refused', ['', text(row, 'command')],
			['as', text(row, 'runas')], ['in', text(row, 'folder')], ['because:', text(row, 'reason')]),
		tone: isAllowed ? 'plain' : 'bad',
	};
}

const KINDS: Record<string, (row: Row) => Words> = {
	executions: (row) => ({
		phrases: say(['', text(row, 'user')], 'ran', ['', commandLine(row)], ['from', text(row, 'parent')]),
		tone: 'plain',
	}),
	logins: login,
	sudo_uses: sudo,
	account_changes: (row) => ({
		phrases: say(['', text(row, 'kind')], ['', text(row, 'account')], ['', text(row, 'action')], ['by', text(row, 'by')],
			['–', text(row, 'text')]),
		tone: 'warn',
	}),
	service_changes: (row) => ({
		phrases: say(['', text(row, 'unit')], ['', text(row, 'action')], ['because of', text(row, 'result')]),
		tone: row['action'] === 'failed' ? 'bad' : 'plain',
	}),
	file_changes: (row) => ({
		phrases: say(['', text(row, 'path')], ['', text(row, 'action')], ['by', text(row, 'process')],
			['of', text(row, 'user')]),
		tone: 'plain',
	}),
	alerts: (row) => ({
		phrases: say(['', text(row, 'what')], ['in scope', text(row, 'scope')], ['was', text(row, 'before')], ['is', text(row, 'after')]),
		tone: row['level'] === 'high' || row['level'] === 'critical' ? 'bad' : 'warn',
	}),
	gaps: (row) => ({
		phrases: say(typeof row['count'] === 'number' ? `${valueText(row['count'])} events were lost:` : 'Events were lost, nobody knows how many:',
			GAP_REASONS[text(row, 'reason')] ?? '', ['', GAP_REASONS[text(row, 'reason')] ? '' : text(row, 'reason')]),
		tone: 'bad',
	}),
};

export function wordsOf(event: AssetEvent): Words {
	const known = Object.hasOwn(KINDS, event.kind) ? KINDS[event.kind] : undefined;
	const words = known?.(event.row);
	return words && words.phrases.length > 0
		? words
		: { phrases: [{ foreign: Object.entries(event.row).map(([name, value]) => `${name} ${valueText(value)}`).join(', ') }], tone: 'plain' };
}
