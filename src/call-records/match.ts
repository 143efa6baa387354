import type { CallResult } from './schemas.ts';

/** Which permission a call had, from what the service knows of its time, its number and its collector. Pure. */

/** Two clocks that time one call may differ by this much. */
export const MATCH_MS = 120_000;
/** A call this long after its permission ended is late; after that the permission was for another call. */
export const LATE_MS = 3_600_000;

export interface Permission {
  readonly reservationId: string;
  readonly decisionId: string;
  readonly reservedAt: number;
  /** Exclusive. */
  readonly expiresAt: number;
  readonly releasedAt: number | null;
}

/** An attempt that may be the report of a call: it has the call's id, or its number and about its time. */
export interface ReportedAttempt {
  readonly attemptId: string;
  readonly startedAt: number;
  readonly late: boolean;
  /** The reservation it settled; null when there was none. */
  readonly permission: Permission | null;
}

export interface ExaminedCall {
  readonly row: number;
  readonly startedAt: number;
  readonly direction: 'outbound' | 'inbound';
  readonly vendorCallId: string | null;
  /** Whose number it is, or who was named; null when nobody on file. */
  readonly customerId: string | null;
  /** The newest refusal of such a contact shortly before; null when there was none. */
  readonly refusalId: string | null;
  readonly attempts: readonly ReportedAttempt[];
  /** Reservations of this number and collector that no attempt has settled. */
  readonly open: readonly Permission[];
}

export interface Finding {
  readonly row: number;
  readonly result: CallResult;
  readonly attemptId: string | null;
  readonly reservationId: string | null;
  readonly decisionId: string | null;
}

/**
 * What each call of a file had. An attempt or a reservation answers for one call only: the one that names it, else the
 * nearest in time. So two calls on one permission leave one of them without.
 */
export function findPermissions(calls: readonly ExaminedCall[]): Finding[] {
  const outbound = calls.filter(({ direction }) => direction === 'outbound');
  const reported = assign(outbound, ({ attempts }) => attempts, {
    keyOf: (attempt) => attempt.attemptId,
    distance: (call, attempt) => {
      if (attempt.attemptId === call.vendorCallId) return -1;
      const apart = Math.abs(attempt.startedAt - call.startedAt);
      return apart <= MATCH_MS ? apart : null;
    },
  });
  const unreported = outbound.filter((call) => !reported.has(call));
  const permitted = assign(unreported, ({ open }) => open, {
    keyOf: (permission) => permission.reservationId,
    distance: distanceToPermission,
  });
  return calls.map((call) => findingOf(call, reported.get(call), permitted.get(call)));
}

function findingOf(call: ExaminedCall, attempt: ReportedAttempt | undefined, open: Permission | undefined): Finding {
  const { row } = call;
  const permission = attempt ? attempt.permission : (open ?? null);
  const evidence = {
    row,
    attemptId: attempt?.attemptId ?? null,
    reservationId: permission?.reservationId ?? null,
    decisionId: permission?.decisionId ?? null,
  };
  if (call.direction === 'inbound') return { ...evidence, result: 'inbound' };
  if (attempt) return { ...evidence, result: resultOfReport(call, attempt) };
  if (open) return { ...evidence, result: isLive(open, call.startedAt) ? 'permitted' : 'late' };
  if (call.refusalId !== null) return { ...evidence, result: 'refused', decisionId: call.refusalId };
  return { ...evidence, result: call.customerId === null ? 'unknown_number' : 'orphan' };
}

/** The report's own time decides; one that is off by more than two clocks can be does not. */
function resultOfReport(call: ExaminedCall, { startedAt, late, permission }: ReportedAttempt): CallResult {
  if (permission === null) return late ? 'reported_without_permission' : 'permitted';
  const isLate = Math.abs(startedAt - call.startedAt) > MATCH_MS ? !isLive(permission, call.startedAt) : late;
  return isLate ? 'late' : 'permitted';
}

/** True for a call that the permission covers; the dialer's clock may be slow, so it may seem to start before it. */
function isLive({ reservedAt, expiresAt, releasedAt }: Permission, startedAt: number): boolean {
  return releasedAt === null && startedAt >= reservedAt - MATCH_MS && startedAt < expiresAt;
}

/** Live permissions first, the nearest first; then those that had ended, or were given back. Null: of another call. */
function distanceToPermission(call: ExaminedCall, permission: Permission): number | null {
  const apart = Math.abs(call.startedAt - permission.reservedAt);
  if (isLive(permission, call.startedAt)) return apart;
  const isNear = call.startedAt >= permission.reservedAt - MATCH_MS && call.startedAt < permission.expiresAt + LATE_MS;
  return isNear ? apart + LATE_MS * 24 : null;
}

interface Matching<T> {
  readonly keyOf: (candidate: T) => string;
  /** The less, the better; null: none of this call's. */
  readonly distance: (call: ExaminedCall, candidate: T) => number | null;
}

/** Gives each call at most one candidate and each candidate to at most one call, the nearest pairs first. */
function assign<T>(
  calls: readonly ExaminedCall[],
  candidatesOf: (call: ExaminedCall) => readonly T[],
  { keyOf, distance }: Matching<T>,
): Map<ExaminedCall, T> {
  const pairs = calls
    .flatMap((call) => candidatesOf(call).map((candidate) => ({ call, candidate, apart: distance(call, candidate) })))
    .filter((pair): pair is typeof pair & { apart: number } => pair.apart !== null)
    .sort((a, b) => a.apart - b.apart || a.call.row - b.call.row);
  const found = new Map<ExaminedCall, T>();
  const taken = new Set<string>();
  for (const { call, candidate } of pairs) {
    if (found.has(call) || taken.has(keyOf(candidate))) continue;
    found.set(call, candidate);
    taken.add(keyOf(candidate));
  }
  return found;
}
