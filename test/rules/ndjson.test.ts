import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, type LineLimits, readLines } from '../../src/ndjson.ts';

const LIMITS: LineLimits = { maxLines: 3, maxLineBytes: 20 };
const never = () => new AbortController().signal;

/** A body that comes in these pieces, each when the one before it was read. */
function bodyOf(pieces: readonly Buffer[]): Readable {
  return Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
}

async function read(body: Readable, limits = LIMITS): Promise<Line[][]> {
  const groups: Line[][] = [];
  for await (const group of readLines(body, limits, never())) groups.push(group);
  return groups;
}

const readText = async (text: string) => (await read(bodyOf([Buffer.from(text)]))).flat();

describe('the lines of a body', () => {
  test('are the same however it was cut into pieces', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('', ' ', '\r', '名'.repeat(9)),
    );
    const lines = fc.array(
      line.map((text) => text.replaceAll('\n', ' ')),
      { maxLength: 9 },
    );
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (all, cuts) => {
          const bytes = Buffer.from(all.join('\n'));
          const pieces: Buffer[] = [];
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const end = at + cuts[n % cuts.length]!;
            pieces.push(bytes.subarray(at, end));
            at = end;
          }
          const expected = all.flatMap((text, index) => {
            const isLong = Buffer.byteLength(text) > LIMITS.maxLineBytes;
            return text.trim() === '' ? [] : [{ number: index + 1, text: isLong ? null : text }];
          });
          const groups = await read(bodyOf(pieces));
          expect(groups.flat()).toEqual(expected);
          expect(groups.every((group) => group.length > 0 && group.length <= LIMITS.maxLines)).toBe(true);
        },
      ),
    );
  });

  test('need no end behind the last one, and blank ones only count', async () => {
    expect(await readText('a\n\n \t\r\nb')).toEqual([
      { number: 1, text: 'a' },
      { number: 4, text: 'b' },
    ]);
    expect(await readText('')).toEqual([]);
    expect(await readText('\n\n')).toEqual([]);
  });

  test('of exactly the limit are read, and a byte more is none', async () => {
    const fits = 'x'.repeat(20);
    expect((await readText(`${fits}\n${fits}y\nz\n${fits}y`)).map(({ text }) => text)).toEqual([fits, null, 'z', null]);
  });

  test('are not held back for those behind them', async () => {
    const body = new PassThrough();
    const lines = readLines(body, LIMITS, never());
    for (const text of ['a', 'b']) {
      body.write(`${text}\n`);
      expect((await lines.next()).value).toMatchObject([{ text }]);
    }
    body.end();
    expect(await lines.next()).toEqual({ done: true, value: undefined });
  });

  test('end at once when the reading is stopped, though the body goes on', async () => {
    const body = new PassThrough();
    const stop = new AbortController();
    const lines = readLines(body, LIMITS, stop.signal);
    body.write('a\nb');
    expect((await lines.next()).value).toEqual([{ number: 1, text: 'a' }]);
    const next = lines.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(body.listenerCount('readable')).toBe(0);
  });

  test('end without the broken one when the connection is lost', async () => {
    const body = new PassThrough();
    const lines = readLines(body, LIMITS, never());
    body.write('a\n{"half":');
    expect((await lines.next()).value).toEqual([{ number: 1, text: 'a' }]);
    body.destroy(new Error('reset'));
    expect(await lines.next()).toEqual({ done: true, value: undefined });
    expect(body.readableEnded).toBe(false);
  });

  test('are read no faster than they are asked for', async () => {
    let made = 0;
    const body = Readable.from(
      (function* () {
        for (; made < 10_000; made += 1) yield Buffer.from('0123456789\n'.repeat(100));
      })(),
      { objectMode: false, highWaterMark: 4096 },
    );
    const lines = readLines(body, { maxLines: 100, maxLineBytes: 100 }, never());
    for (let n = 0; n < 5; n += 1) await lines.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toBeLessThan(50);
    await lines.return(undefined);
  });
});
