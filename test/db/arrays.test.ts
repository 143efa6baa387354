import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteaArray, numberArray, textArray } from '../../src/db/arrays.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t.close());

async function back(array: Buffer | string, type: string): Promise<unknown> {
  const { rows } = await t.database.pool.query(`SELECT $1::${type}[] AS back`, [array]);
  return rows[0].back;
}

test('the database reads what was written', async () => {
  const texts = ['', 'NULL', '张三', '买买提·艾力', 'a,"b\\{}', '𠮷', null];
  expect(await back(textArray(texts), 'text')).toEqual(texts);
  expect(await back(textArray([]), 'text')).toEqual([]);
  const bytes = [Buffer.from([0, 255, 10, 34]), Buffer.alloc(0), null];
  expect(await back(byteaArray(bytes), 'bytea')).toEqual(bytes);
  const numbers = [0n, -1n, 9_223_372_036_854_775_807n, null];
  expect(await back(numberArray(numbers), 'text')).toEqual(['0', '-1', '9223372036854775807', null]);
});
