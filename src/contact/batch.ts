import { type Ctx, requireScope } from '../context.ts';
import { AppError } from '../errors.ts';
import { parseInput } from '../validation.ts';
import type { Ask, Decided, RecordedAsk } from './decide.ts';
import { type PermissionAnswer, type PermissionRequest, permissionRequestSchema } from './schemas.ts';
import { answerOf, askOf, isRecorded } from './service.ts';

/** What one question of many gets: its answer, or why it has none. */
export type Result = PermissionAnswer | Error;

export interface Counts {
  permitted: number;
  refused: number;
  problems: number;
}

export interface BatchAnswer {
  readonly results: Result[];
  readonly summary: { readonly items: number } & Readonly<Counts>;
}

type Parse = (item: unknown) => PermissionRequest;

const parseRequest: Parse = (item) => parseInput(permissionRequestSchema, item);

/**
 * Answers up to 1,000 questions as if they were asked one after the other: what one takes, a later one sees. Results are
 * in their order, and what is wrong with an item is the result of that item alone. When the database fails, what was
 * answered before is kept and the rest gets the failure; throws it when nothing was answered.
 */
export async function requestPermissions(
  ctx: Ctx,
  items: readonly unknown[],
  parse: Parse = parseRequest,
): Promise<BatchAnswer> {
  requireScope(ctx, 'contact:check');
  const prepared = items.map((item) => prepare(ctx, item, parse));
  const { results: answered, failure } = await answerInOrder(ctx, prepared);
  if (failure !== null && answered.every((result) => result instanceof Error)) throw failure;
  const results = items.map((_, index) => answered[index] ?? failure!);
  const summary = { items: items.length, ...countsOf(results) };
  ctx.log.info(summary, 'batch decided');
  return { results, summary };
}

/** One question of many that may be asked, or what is wrong with it. */
export type Prepared = Ask | RecordedAsk | Error;

function isAsk(prepared: Prepared): prepared is Ask | RecordedAsk {
  return !(prepared instanceof Error);
}

/** True for a question that is kept, and takes the slot when it reserves. */
export function takes(prepared: Prepared): boolean {
  return isAsk(prepared) && isRecorded(prepared);
}

/** Checks one question of many. */
export function prepare(ctx: Ctx, item: unknown, parse: Parse = parseRequest): Prepared {
  try {
    return askOf(ctx, parse(item));
  } catch (error) {
    return error as Error;
  }
}

/** Questions that share one query, or one transaction: larger groups gain little and hold up others for longer. */
const GROUP_SIZE = { check: 256, record: 128 };

/**
 * Answers questions in order, group by group. When the database fails, the results end before the questions that got no
 * answer, and `failure` says why.
 */
export async function answerInOrder(
  ctx: Ctx,
  asks: readonly Prepared[],
): Promise<{ results: Result[]; failure: Error | null }> {
  const results: Result[] = [];
  while (results.length < asks.length) {
    const start = results.length;
    const next = asks[start]!;
    try {
      if (isAsk(next))
        results.push(...(await answerGroup(ctx, asks.slice(start, endOfGroup(asks, start, kindOf(next))))));
      else results.push(next);
    } catch (error) {
      ctx.log.error({ err: error }, 'questions of a batch or stream got no answer');
      return { results, failure: error as Error };
    }
  }
  return { results, failure: null };
}

const kindOf = (ask: Ask | RecordedAsk) => (isRecorded(ask) ? 'record' : 'check');

/** A group is all recorded or all not, so that whatever takes something has taken it before the next one is decided. */
function endOfGroup(asks: readonly Prepared[], start: number, kind: keyof typeof GROUP_SIZE): number {
  const limit = Math.min(asks.length, start + GROUP_SIZE[kind]);
  const other = asks.slice(start, limit).findIndex((ask) => isAsk(ask) && kindOf(ask) !== kind);
  return other === -1 ? limit : start + other;
}

async function answerGroup(ctx: Ctx, group: readonly Prepared[]): Promise<Result[]> {
  const asks = group.filter(isAsk);
  const decided = await (asks.every(isRecorded) ? ctx.decider.recordAll(asks) : ctx.decider.checkAll(asks));
  let next = 0;
  return Promise.all(group.map((ask) => (isAsk(ask) ? toResult(ctx, ask, decided[next++]!) : ask)));
}

function toResult(ctx: Ctx, ask: Ask, decided: Decided | Error): Result | Promise<Result> {
  if (!(decided instanceof Error)) return answerOf(ctx, ask, decided);
  if (!(decided instanceof AppError)) ctx.log.error({ err: decided }, 'a question of a batch or stream failed');
  return decided;
}

export function countsOf(results: readonly Result[]): Counts {
  const counts: Counts = { permitted: 0, refused: 0, problems: 0 };
  for (const result of results)
    counts[result instanceof Error ? 'problems' : result.permitted ? 'permitted' : 'refused'] += 1;
  return counts;
}
