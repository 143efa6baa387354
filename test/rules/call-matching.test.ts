import { expect, test } from 'vitest';
import {
  type ExaminedCall,
  findPermissions,
  type Permission,
  type ReportedAttempt,
} from '../../src/call-records/match.ts';

const TEN = Date.parse('2026-11-23T10:00:00+08:00');
/** `10:03:05` of that day, or `9:59:00` the day before with a minus sign. */
const at = (time: string) => {
  const [hour, minute, second] = time.split(':').map(Number);
  return TEN + ((hour! - 10) * 3600 + minute! * 60 + second!) * 1000;
};

/** A permission from 10:00:00 until 10:03:00. */
function held(reservationId: string, overrides: Partial<Permission> = {}): Permission {
  const times = { reservedAt: TEN, expiresAt: at('10:03:00'), releasedAt: null };
  return { reservationId, decisionId: `dec of ${reservationId}`, ...times, ...overrides };
}

function report(attemptId: string, time: string, overrides: Partial<ReportedAttempt> = {}): ReportedAttempt {
  return { attemptId, startedAt: at(time), late: false, permission: held('r1'), ...overrides };
}

function call(row: number, time: string, overrides: Partial<ExaminedCall> = {}): ExaminedCall {
  return {
    row,
    startedAt: at(time),
    direction: 'outbound',
    vendorCallId: `v${row}`,
    customerId: 'C1',
    refusalId: null,
    attempts: [],
    open: [],
    ...overrides,
  };
}

/** `result attempt reservation` of each call. */
function found(...calls: ExaminedCall[]): string[] {
  return findPermissions(calls).map(({ result, attemptId, reservationId }) =>
    [result, attemptId, reservationId].filter((part) => part !== null).join(' '),
  );
}

const CASES: readonly [name: string, call: ExaminedCall, expected: string][] = [
  [
    'a call that was reported in time',
    call(1, '10:00:20', { attempts: [report('a1', '10:00:10')] }),
    'permitted a1 r1',
  ],
  [
    'a report two minutes apart, by two clocks',
    call(1, '10:02:10', { attempts: [report('a1', '10:00:10')] }),
    'permitted a1 r1',
  ],
  [
    'a report more than two minutes apart is of another call',
    call(1, '10:02:11', { attempts: [report('a1', '10:00:10')] }),
    'orphan',
  ],
  [
    'a report under the same id, with another time: the time of the record decides',
    call(1, '10:30:00', { vendorCallId: 'a1', attempts: [report('a1', '10:00:10')] }),
    'late a1 r1',
  ],
  [
    'a report under the same id, wrong by hours, of a call that was permitted',
    call(1, '10:01:00', { vendorCallId: 'a1', attempts: [report('a1', '14:00:00', { late: true })] }),
    'permitted a1 r1',
  ],
  [
    'a call that was reported late',
    call(1, '10:04:00', { attempts: [report('a1', '10:04:00', { late: true })] }),
    'late a1 r1',
  ],
  [
    'a call that was reported and never asked for',
    call(1, '10:04:00', { attempts: [report('a1', '10:04:00', { late: true, permission: null })] }),
    'reported_without_permission a1',
  ],
  ['a call under a live permission that nobody reported', call(1, '10:00:00', { open: [held('r1')] }), 'permitted r1'],
  ['the last moment of a permission', call(1, '10:02:59', { open: [held('r1')] }), 'permitted r1'],
  ['the end of a permission, to the second', call(1, '10:03:00', { open: [held('r1')] }), 'late r1'],
  ['a dialer whose clock is two minutes slow', call(1, '9:58:00', { open: [held('r1')] }), 'permitted r1'],
  ['a call before anybody asked', call(1, '9:57:59', { open: [held('r1')] }), 'orphan'],
  ['a call within the hour after its permission', call(1, '11:02:59', { open: [held('r1')] }), 'late r1'],
  ['a call an hour after a permission', call(1, '11:03:00', { open: [held('r1')] }), 'orphan'],
  [
    'a call on a permission that was given back',
    call(1, '10:01:00', { open: [held('r1', { releasedAt: at('10:02:00') })] }),
    'late r1',
  ],
  ['a call in spite of a refusal', call(1, '10:00:00', { refusalId: 'dec_1' }), 'refused'],
  [
    'a refusal that was followed by a permission',
    call(1, '10:01:00', { refusalId: 'dec_1', open: [held('r1')] }),
    'permitted r1',
  ],
  ['a call that nobody asked for', call(1, '10:00:00'), 'orphan'],
  ['a number that nobody has', call(1, '10:00:00', { customerId: null }), 'unknown_number'],
  ['a call of the debtor', call(1, '10:00:00', { direction: 'inbound', open: [held('r1')] }), 'inbound'],
];

test.each(CASES)('%s', (_, one, expected) => {
  expect(found(one)).toEqual([expected]);
});

test('a refusal and a permission are named in the finding', () => {
  const findings = findPermissions([
    call(1, '10:00:00', { refusalId: 'dec_1' }),
    call(2, '10:00:00', { open: [held('r1')] }),
  ]);
  expect(findings.map(({ decisionId }) => decisionId)).toEqual(['dec_1', 'dec of r1']);
});

test('two calls on one permission leave the one that is further away without', () => {
  const open = [held('r1')];
  expect(found(call(1, '10:01:30', { open }), call(2, '10:00:05', { open }))).toEqual(['orphan', 'permitted r1']);
});

test('two calls and one report leave one of them without', () => {
  const attempts = [report('a1', '10:01:05')];
  expect(found(call(1, '10:00:00', { attempts }), call(2, '10:01:00', { attempts }))).toEqual([
    'orphan',
    'permitted a1 r1',
  ]);
});

test('a report belongs to the call that names it, however near another one is', () => {
  const attempts = [report('v2', '10:00:00')];
  expect(found(call(1, '10:00:00', { attempts }), call(2, '10:01:30', { attempts }))).toEqual([
    'orphan',
    'permitted v2 r1',
  ]);
});

test('each of several calls gets its own report and its own permission, whatever their order', () => {
  const attempts = [report('a1', '10:00:00'), report('a2', '10:01:00', { permission: held('r2') })];
  const open = [
    held('r3', { reservedAt: at('10:02:00'), expiresAt: at('10:05:00') }),
    held('r4', { reservedAt: at('10:06:00'), expiresAt: at('10:09:00') }),
  ];
  const calls = [
    call(1, '10:06:30', { attempts, open }),
    call(2, '10:01:10', { attempts, open }),
    call(3, '10:04:00', { attempts, open }),
    call(4, '10:00:10', { attempts, open }),
  ];
  expect(found(...calls)).toEqual(['permitted r4', 'permitted a2 r2', 'permitted r3', 'permitted a1 r1']);
});

test('a live permission goes before one that has ended', () => {
  const open = [held('r1'), held('r2', { reservedAt: at('10:05:00'), expiresAt: at('10:08:00') })];
  expect(found(call(1, '10:06:00', { open }))).toEqual(['permitted r2']);
});
