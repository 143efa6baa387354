import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { mapAhead } from '../../src/map-ahead.ts';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n += 1) yield n;
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe('mapping ahead', () => {
  test('keeps the order, and never has more in work than it may', async () => {
    let inWork = 0;
    let most = 0;
    const results = await all(
      mapAhead(numbers(20), 3, async (n) => {
        inWork += 1;
        most = Math.max(most, inWork);
        await sleep(n % 3 === 0 ? 6 : 1);
        inWork -= 1;
        return n * n;
      }),
    );
    expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n * n));
    expect(most).toBe(3);
  });

  test('gives a result as soon as it is there, though no further input comes', async () => {
    let more = () => {};
    async function* input(): AsyncGenerator<string> {
      yield 'first';
      await new Promise<void>((resolve) => {
        more = resolve;
      });
      yield 'second';
    }
    const results = mapAhead(input(), 2, async (text) => text.toUpperCase());
    expect((await results.next()).value).toBe('FIRST');
    const second = results.next();
    more();
    expect((await second).value).toBe('SECOND');
    expect((await results.next()).done).toBe(true);
  });

  test('takes no more input than may be in work while nobody asks', async () => {
    let taken = 0;
    const results = mapAhead(numbers(100), 2, async (n) => {
      taken += 1;
      return n;
    });
    await results.next();
    await sleep(5);
    expect(taken).toBeLessThanOrEqual(3);
    await results.return(undefined);
  });

  test('throws the first failure in the order of the input, after what is before it', async () => {
    const results = mapAhead(numbers(5), 3, async (n) => {
      await sleep(n === 1 ? 5 : 0);
      if (n >= 1) throw new Error(`no ${n}`);
      return n;
    });
    expect((await results.next()).value).toBe(0);
    await expect(results.next()).rejects.toThrow('no 1');
    await expect(
      all(
        mapAhead(
          (async function* (): AsyncGenerator<number> {
            yield 1;
            throw new Error('unreadable');
          })(),
          2,
          async (n) => n,
        ),
      ),
    ).rejects.toThrow('unreadable');
  });

  test('ends its input when it is left', async () => {
    let ended = false;
    async function* input(): AsyncGenerator<number> {
      try {
        yield* numbers(10);
      } finally {
        ended = true;
      }
    }
    for await (const _ of mapAhead(input(), 2, async (n) => n)) break;
    await sleep(1);
    expect(ended).toBe(true);
  });
});
