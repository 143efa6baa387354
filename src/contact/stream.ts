import type { Readable } from 'node:stream';
import { type Ctx, requireScope } from '../context.ts';
import { AppError } from '../errors.ts';
import { mapAhead } from '../map-ahead.ts';
import { type Line, readLines } from '../ndjson.ts';
import { answerInOrder, countsOf, type Prepared, prepare, type Result, takes } from './batch.ts';
import { scalarsOf } from './formats.ts';
import { MAX_QUESTION_BYTES } from './schemas.ts';

export interface StreamOptions {
  readonly body: Readable;
  /** flat: the fields of an answer that are no list. */
  readonly fields: 'full' | 'flat';
  /** Ends the reading at once; questions whose turn has not come are not answered. */
  readonly stop: AbortSignal;
  /** Context of lines that are answered together: a stream takes minutes, so each group has an instant of its own. */
  readonly contextOfGroup: () => Ctx;
  /** What stands in the line of a result. */
  readonly write: (line: number, result: object) => object;
}

interface Answered {
  readonly lines: readonly Line[];
  readonly results: readonly Result[];
  readonly failure: Error | null;
}

/** About what a connection has buffered when it is read. */
const LINES_AT_ONCE = 256;
/** While one group is with the database, another one is decided or written. */
const GROUPS_AT_ONCE = 2;

/**
 * Answers questions, one JSON object a line, with one line each in their order, and ends with a line that counts them:
 * `complete` says that every line of a whole body was answered. A line that is no question gets a problem in its place.
 * When the database fails, the line it failed at gets that problem and the stream ends; throws the failure when there was
 * no line before it. Reads no faster than it is read.
 */
export async function* streamPermissions(ctx: Ctx, options: StreamOptions): AsyncGenerator<string> {
  requireScope(ctx, 'contact:check');
  const { body, fields, stop, write } = options;
  const limits = { maxLines: LINES_AT_ONCE, maxLineBytes: MAX_QUESTION_BYTES };
  const summary = { lines: 0, permitted: 0, refused: 0, problems: 0, complete: false };
  const textOf = ({ number }: Line, result: Result) => {
    const shown = fields === 'flat' && !(result instanceof Error) ? scalarsOf(result) : result;
    return `${JSON.stringify(write(number, shown))}\n`;
  };
  let failed = false;
  try {
    for await (const answered of mapAhead(readLines(body, limits, stop), GROUPS_AT_ONCE, createAnswerer(options))) {
      const { lines, results, failure } = answered;
      if (failure !== null && summary.lines + results.length === 0) throw failure;
      failed = failure !== null;
      const told = failed ? [...results, failure!] : results;
      const counts = countsOf(told);
      summary.lines += told.length;
      for (const key of ['permitted', 'refused', 'problems'] as const) summary[key] += counts[key];
      yield told.map((result, index) => textOf(lines[index]!, result)).join('');
      if (failed) break;
    }
    summary.complete = !failed && !stop.aborted && body.readableEnded;
    yield `${JSON.stringify({ summary })}\n`;
  } finally {
    ctx.log.info(summary, 'stream decided');
  }
}

/**
 * Groups of mere checks are decided side by side. One that records waits for all before it, and those behind wait for it,
 * so that each sees what was taken before it.
 */
function createAnswerer({ contextOfGroup, stop }: StreamOptions): (lines: readonly Line[]) => Promise<Answered> {
  let failed = false;
  let allBefore: Promise<unknown> = Promise.resolve();
  let lastRecording: Promise<unknown> = Promise.resolve();
  return (lines) => {
    const ctx = contextOfGroup();
    const asks = lines.map(({ text }) => prepareLine(ctx, text));
    const records = asks.some(takes);
    const answered = (records ? allBefore : lastRecording).then(async (): Promise<Answered> => {
      if (failed || stop.aborted) return { lines, results: [], failure: null };
      const outcome = await answerInOrder(ctx, asks);
      failed ||= outcome.failure !== null;
      return { lines, ...outcome };
    });
    // Only that it is over, not what came of it: else the whole stream would be kept.
    allBefore = Promise.all([allBefore, answered]).then(() => undefined);
    if (records) lastRecording = answered;
    return answered;
  };
}

/** A byte order mark may begin a file that Windows wrote. */
function prepareLine(ctx: Ctx, text: string | null): Prepared {
  if (text === null)
    return new AppError(
      'PAYLOAD_TOO_LARGE',
      `The line is longer than ${MAX_QUESTION_BYTES.toLocaleString('en')} bytes.`,
    );
  let item: unknown;
  try {
    item = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    return new AppError('MALFORMED_JSON', 'The line is not valid JSON.');
  }
  return prepare(ctx, item);
}
