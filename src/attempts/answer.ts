import type { Ctx } from '../context.ts';
import type { ColumnAddress } from '../personal-data.ts';
import type { ReportedOutcome } from '../rules/contact/facts.ts';
import { wireInstant } from '../validation.ts';
import { isOpenAttribution } from './counted.ts';
import type { AttemptRow, CorrectionRow } from './repository.ts';
import type { Attempt } from './schemas.ts';

/** Where a note stands: 0 is the first report's, the others are the corrections'. */
export function noteAddress(row: { customer_id: string; attempt_id: string }, correctionNo: number): ColumnAddress {
  return { table: 'attempts', column: 'note', rowId: `${row.customer_id}/${row.attempt_id}/${correctionNo}` };
}

/** The outcome after all corrections. */
export function currentOutcome(row: AttemptRow, corrections: readonly CorrectionRow[]): string {
  return corrections.reduce((outcome, { changes }) => (changes.outcome as string | undefined) ?? outcome, row.outcome);
}

/** What was reported beside the outcome, with every correction laid over it. */
export function stateOf(row: AttemptRow, corrections: readonly CorrectionRow[]): Record<string, unknown> {
  return Object.assign({}, row.details, ...corrections.map(({ changes }) => changes)) as Record<string, unknown>;
}

/** An attempt as it is known now: the first report with every correction laid over it. */
export function attemptOf(ctx: Ctx, row: AttemptRow, corrections: readonly CorrectionRow[]): Attempt {
  const state = stateOf(row, corrections) as Partial<Attempt> & { attributedTo?: string };
  const outcome = currentOutcome(row, corrections) as ReportedOutcome;
  const chosen = isOpenAttribution({ ...state, outcome, accountIds: row.account_ids }) ? state.attributedTo : undefined;
  return {
    attemptId: row.attempt_id,
    customerId: row.customer_id,
    reservationId: row.reservation_id,
    accountIds: row.account_ids,
    partyId: row.party_id,
    contactPointId: row.contact_point_id,
    channel: row.channel as Attempt['channel'],
    direction: row.direction as Attempt['direction'],
    purpose: row.purpose as Attempt['purpose'],
    startedAt: wireInstant(row.started_at),
    endedAt: state.endedAt ?? wireInstant(row.ended_at),
    outcome,
    automated: row.automated,
    ringless: state.ringless ?? false,
    collector: { kind: row.collector_kind as Attempt['collector']['kind'], id: row.collector_id },
    identityVerified: state.identityVerified ?? null,
    attributions:
      chosen === undefined ? (state.attributions ?? []) : [{ accountId: chosen, call: true, conversation: false }],
    attributedBy: state.attributions?.length ? 'report' : chosen === undefined ? null : 'service',
    recording: state.recording ?? null,
    offeredToPay: state.offeredToPay ?? null,
    answerIncomplete: state.answerIncomplete ?? null,
    receipt: state.receipt ?? null,
    note: ctx.caller.scopes.has('personal-data:read') ? noteOf(ctx, row, corrections) : null,
    late: row.late,
    recordedAt: wireInstant(row.recorded_at),
    corrections: corrections.map((one) => ({
      correctionNo: one.correction_no,
      recordedAt: wireInstant(one.recorded_at),
      clientId: one.client_id,
      fields: Object.keys(one.changes).map((field) => (field === 'noteSealed' ? 'note' : field)),
    })),
  };
}

function noteOf(ctx: Ctx, row: AttemptRow, corrections: readonly CorrectionRow[]): string | null {
  const newest = corrections.findLast(({ changes }) => typeof changes.noteSealed === 'string');
  if (newest)
    return ctx.vault.open(
      noteAddress(row, newest.correction_no),
      Buffer.from(newest.changes.noteSealed as string, 'base64'),
    );
  return row.note_sealed === null ? null : ctx.vault.open(noteAddress(row, 0), row.note_sealed);
}
