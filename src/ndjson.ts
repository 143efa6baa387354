import type { Readable } from 'node:stream';

/** A line that is not blank; `text` is null when it is longer than the limit. Numbers start at 1 and count blank lines too. */
export interface Line {
  readonly number: number;
  readonly text: string | null;
}

export interface LineLimits {
  /** Lines that are given at once. */
  readonly maxLines: number;
  /** Bytes of one line without its end. */
  readonly maxLineBytes: number;
}

const NEWLINE = 0x0a;
const BLANK = /^\s*$/;

/**
 * The lines of a body in groups: all that has come since the last group was taken, so that a fast sender is read in large
 * groups and a slow one without delay. Nothing is read while nobody asks, and memory holds one group. Ends with the body,
 * when the connection is lost, or at once when `stop` fires; `body.readableEnded` tells a whole body from a broken one.
 */
export async function* readLines(
  body: Readable,
  { maxLines, maxLineBytes }: LineLimits,
  stop: AbortSignal,
): AsyncGenerator<Line[]> {
  let number = 0;
  let lines: Line[] = [];
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (end: Buffer) => {
    number += 1;
    const isLong = restBytes + end.length > maxLineBytes;
    const text = isLong ? null : (rest.length === 0 ? end : Buffer.concat([...rest, end])).toString('utf8');
    if (text === null || !BLANK.test(text)) lines.push({ number, text });
    rest = [];
    restBytes = 0;
  };
  for await (const piece of piecesOf(body, stop)) {
    let from = 0;
    for (let to = piece.indexOf(NEWLINE); to !== -1; to = piece.indexOf(NEWLINE, from)) {
      take(piece.subarray(from, to));
      from = to + 1;
      if (lines.length === maxLines) {
        yield lines;
        lines = [];
      }
    }
    restBytes += piece.length - from;
    if (restBytes > maxLineBytes) rest = [];
    else if (from < piece.length) rest.push(piece.subarray(from));
    if (lines.length > 0) yield lines;
    lines = [];
  }
  if (restBytes > 0 && body.readableEnded) take(Buffer.alloc(0));
  if (lines.length > 0) yield lines;
}

/** All that has come, each time it is asked for. */
async function* piecesOf(body: Readable, stop: AbortSignal): AsyncGenerator<Buffer> {
  const events = ['readable', 'end', 'close'];
  // Stays: the error of a lost connection may come after the reading has ended, and is nobody's.
  body.on('error', () => undefined);
  let wake = () => {};
  const onEvent = () => wake();
  for (const event of events) body.on(event, onEvent);
  stop.addEventListener('abort', onEvent);
  try {
    while (!stop.aborted) {
      const piece = body.read() as Buffer | null;
      if (piece !== null) yield piece;
      else if (body.readableEnded || body.destroyed) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    for (const event of events) body.off(event, onEvent);
    stop.removeEventListener('abort', onEvent);
  }
}
