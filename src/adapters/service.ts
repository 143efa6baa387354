import { type Attempt, type AttemptReport, attemptReportSchema } from '../attempts/schemas.ts';
import { correctAttempt, getAttempt, type Reported, reportAttempt } from '../attempts/service.ts';
import { type PermissionAnswer, permissionRequestSchema } from '../contact/schemas.ts';
import { requestPermission } from '../contact/service.ts';
import { type Ctx, requireScope } from '../context.ts';
import type { DialerSetup } from '../dialers/directory.ts';
import { resultCodeSchema } from '../dialers/schemas.ts';
import { callingDialer, type DialerSource } from '../dialers/service.ts';
import { AppError, type ProblemCode } from '../errors.ts';
import { invalidFields, parseInput, pointerOf } from '../validation.ts';
import { permissionOf, reportOf, type VendorRecord } from './mapping.ts';

export interface DialerAnswer {
  readonly answer: PermissionAnswer;
  readonly dialer: DialerSetup;
}

/** Asks for the contact that a vendor's record is about, and takes the slot. */
export async function askForDialer(ctx: Ctx, source: DialerSource, record: VendorRecord): Promise<DialerAnswer> {
  requireScope(ctx, 'contact:check');
  const dialer = await callingDialer(ctx, source);
  return { dialer, answer: await ask(ctx, dialer, record) };
}

/** The same for several records of one call, each answered by itself, in their order. */
export async function askForRecords(
  ctx: Ctx,
  source: DialerSource,
  records: readonly VendorRecord[],
): Promise<(PermissionAnswer | AppError)[]> {
  requireScope(ctx, 'contact:check');
  const dialer = await callingDialer(ctx, source);
  const answers = await Promise.allSettled(records.map(async (record) => ask(ctx, dialer, record)));
  return answers.map((settled) => {
    if (settled.status === 'fulfilled') return settled.value;
    if (settled.reason instanceof AppError) return settled.reason;
    throw settled.reason;
  });
}

function ask(ctx: Ctx, dialer: DialerSetup, record: VendorRecord): Promise<PermissionAnswer> {
  return requestPermission(ctx, parseInput(permissionRequestSchema, permissionOf(dialer, record)));
}

/**
 * The same from a URL. Throws VALIDATION_FAILED for a parameter that no field is read from: personal data is never in a
 * URL, and the number of a person is the first thing that gets into one.
 */
export async function reportEvent(ctx: Ctx, source: DialerSource, query: VendorRecord): Promise<Attempt> {
  requireScope(ctx, 'contact:report');
  const { address: _, ...fields } = (await callingDialer(ctx, source)).fields;
  const read = new Set(Object.values(fields).flat());
  const strangers = Object.keys(query).filter((name) => !read.has(name));
  if (strangers.length === 0) return reportForDialer(ctx, source, query);
  throw invalidFields(
    strangers.map((name) => ({
      pointer: pointerOf([name]),
      code: 'UNKNOWN_FIELD',
      message: `No field of this dialer is read from ${name}; a number of a person is never in a URL.`,
    })),
  );
}

/**
 * Records what a vendor says of a call: the first report, the last, either of them twice, in any order. The last one
 * holds; of several last ones with different results the newest, each as a correction.
 */
export async function reportForDialer(ctx: Ctx, source: DialerSource, record: VendorRecord): Promise<Attempt> {
  requireScope(ctx, 'contact:report');
  const dialer = await callingDialer(ctx, source);
  const { report: input, final, unknownCode } = reportOf(dialer, record, ctx.now);
  const report = parseInput(attemptReportSchema, input);
  if (unknownCode !== null) noteUnknownCode(ctx, dialer, unknownCode);
  for (let tries = 1; ; tries += 1) {
    const earlier = await knownAttempt(ctx, report.attemptId);
    if (earlier && earlier.attempt.customerId !== report.customerId)
      throw new AppError('ATTEMPT_CONFLICT', 'This call was reported before as one with another customer.');
    try {
      const reported = earlier ? complete(ctx, earlier, report, final) : reportAttempt(ctx, report);
      return (await reported).attempt;
    } catch (error) {
      // A twin was faster, and what it wrote is there now.
      const isRace = error instanceof AppError && LOST_RACE.includes(error.code);
      if (!isRace || tries === MAX_TRIES) throw error;
    }
  }
}

const MAX_TRIES = 3;
const LOST_RACE: readonly ProblemCode[] = ['ATTEMPT_CONFLICT', 'PRECONDITION_FAILED'];

async function knownAttempt(ctx: Ctx, attemptId: string): Promise<Reported | null> {
  try {
    return await getAttempt(ctx, attemptId);
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** Lays the last report of a call over the first; an earlier one, and the same again, changes nothing. */
async function complete(
  ctx: Ctx,
  { attempt, version }: Reported,
  { attemptId, outcome, endedAt }: AttemptReport,
  final: boolean,
): Promise<Reported> {
  const isEndNew = endedAt !== undefined && attempt.endedAt === null;
  if (!final || (attempt.outcome === outcome && !isEndNew)) return { attempt, version, created: false };
  return correctAttempt(ctx, attemptId, { outcome, ...(isEndNew && { endedAt }) }, version);
}

function noteUnknownCode(ctx: Ctx, dialer: DialerSetup, code: string): void {
  ctx.metrics.countUnknownResult(dialer.platform);
  const line = {
    platform: dialer.platform,
    dialerId: dialer.dialerId,
    // A field that was mapped wrongly may hold anybody's name.
    resultCode: resultCodeSchema.safeParse(code).success ? code : null,
    outcome: dialer.defaultOutcome,
  };
  ctx.log.warn(line, 'a result code that no outcome map knows was taken as the default');
}
