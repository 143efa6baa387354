import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Import } from '../../src/imports/schemas.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf, defaultFile, gb18030, upload, workOff } from '../support/imports.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
});
afterAll(() => t.close());

describe('an upload is refused at once, and leaves no import, when it', () => {
  const header = defaultFile([]);
  it.each<[string, number, string, string | Buffer, string, string]>([
    ['is empty', 422, 'UNPROCESSABLE', '', '', 'text/csv'],
    ['is blank', 422, 'UNPROCESSABLE', '\r\n\r\n', '', 'text/csv'],
    ['is compressed', 415, 'UNSUPPORTED_MEDIA_TYPE', gzipSync(header), '', 'text/csv'],
    ['is a zip file', 415, 'UNSUPPORTED_MEDIA_TYPE', Buffer.from('504b03041400000008', 'hex'), '', 'text/csv'],
    ['is UTF-16', 415, 'UNSUPPORTED_MEDIA_TYPE', Buffer.from(`\ufeff${header}`, 'utf16le'), '', 'text/csv'],
    ['is GB18030 and says UTF-8', 422, 'UNPROCESSABLE', gb18030(defaultFile([{}])), '', 'text/csv; charset=utf-8'],
    [
      'ends inside a character',
      422,
      'UNPROCESSABLE',
      Buffer.from(defaultFile([{}], ['张'])).subarray(0, -1),
      '',
      'text/csv',
    ],
    ['lacks a column', 422, 'UNPROCESSABLE', header.replace('principal,', ''), '', 'text/csv'],
    ['has a column twice', 422, 'UNPROCESSABLE', `${header},principal`, '', 'text/csv'],
    ['has an unknown column', 422, 'UNPROCESSABLE', `${header},colour`, '', 'text/csv'],
    ['has only a header', 422, 'UNPROCESSABLE', `${header}\r\n\r\n`, '', 'text/csv'],
    ['is a page of HTML', 415, 'UNSUPPORTED_MEDIA_TYPE', '\n<!DOCTYPE html><html>', '', 'text/csv'],
    ['is XML', 415, 'UNSUPPORTED_MEDIA_TYPE', '<?xml version="1.0"?><x/>', '', 'text/csv'],
    ['is a JSON text', 415, 'UNSUPPORTED_MEDIA_TYPE', '[{"customer_id": 1}]', '', 'text/csv'],
    ['has no line end', 422, 'UNPROCESSABLE', 'x'.repeat(100_000), '', 'text/csv'],
    ['is of another source', 422, 'UNPROCESSABLE', header, 'source=uci', 'text/csv'],
    ['has a future statement date', 422, 'UNPROCESSABLE', header, 'asOf=2026-11-24', 'text/csv'],
    ['has an impossible statement date', 400, 'VALIDATION_FAILED', header, 'asOf=2026-02-30', 'text/csv'],
    ['has an unknown source', 422, 'UNPROCESSABLE', header, 'source=core', 'text/csv'],
    ['has an unknown parameter', 400, 'VALIDATION_FAILED', header, 'sauce=uci', 'text/csv'],
    ['has another charset', 415, 'UNSUPPORTED_MEDIA_TYPE', header, '', 'text/csv; charset=big5'],
    ['is JSON', 415, 'UNSUPPORTED_MEDIA_TYPE', '{}', '', 'application/json'],
    ['has no media type', 415, 'UNSUPPORTED_MEDIA_TYPE', header, '', ''],
  ])('%s: %i %s', async (_, status, code, file, query, contentType) => {
    const before = await countOf(t, 'imports');
    const answer = await upload(t, file, { query, 'content-type': contentType });
    expect(answer.body).toMatchObject({ status, code });
    expect(await countOf(t, 'imports')).toBe(before);
  });

  test('is larger than the limit, told or not', async () => {
    const before = await countOf(t, 'imports');
    const limit = t.app.importLimitBytes;
    t.app.importLimitBytes = 1_000_000;
    const url = `${await listening()}/v1/imports`;
    const headers = { authorization: `Bearer ${t.keys.admin}`, 'content-type': 'text/csv' };
    const file = defaultFile(Array.from({ length: 30_000 }, () => ({})));
    const told = await fetch(url, { method: 'POST', headers, body: file });
    const streamed = await fetch(url, { method: 'POST', headers, body: new Blob([file]).stream(), duplex: 'half' });
    t.app.importLimitBytes = limit;
    for (const answer of [told, streamed]) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }
    expect(await countOf(t, 'imports')).toBe(before);
  });
});

test('an upload says what it is instead of a table', async () => {
  const workbook = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\x06\0', 'latin1'), Buffer.from('[Content_Types].xml')]);
  const details = [gzipSync('x'), workbook, Buffer.from('\ufeffid', 'utf16le'), Buffer.from('%PDF-1.7')].map(
    async (file) => (await upload(t, file)).body.detail,
  );
  expect(await Promise.all(details)).toEqual([
    'This is a gzip file; send CSV in UTF-8 or GB18030.',
    'This is an Excel workbook (.xlsx); send CSV in UTF-8 or GB18030.',
    'This is UTF-16 text; send CSV in UTF-8 or GB18030.',
    'This is a PDF document; send CSV in UTF-8 or GB18030.',
  ]);
});

describe('a large upload is refused soon, and without being kept in memory, when it', () => {
  const header = `${defaultFile([])}\r\n`;
  const row = `${defaultFile([{}]).split('\r\n')[1]}\r\n`;
  async function* repeated(text: string, times: number, end = Buffer.alloc(0)) {
    yield Buffer.from(header);
    for (let no = 0; no < times; no += 1) yield Buffer.from(text);
    yield end;
  }
  it.each<[string, number, () => AsyncGenerator<Buffer>]>([
    ['has a line of 100 MB', 422, () => repeated('x'.repeat(1_000_000), 100)],
    ['has a million quotes in a line', 422, () => repeated('"'.repeat(100_000), 10)],
    ['has a zero byte late', 415, () => repeated(row.repeat(1000), 50, Buffer.of(0x61, 0))],
    ['stops being UTF-8 late', 422, () => repeated(row.repeat(1000), 50, Buffer.of(0xff, 0xfe, 0x61))],
  ])('%s: %i', async (_, status, body) => {
    const before = await countOf(t, 'imports');
    const startedAt = performance.now();
    const answer = await fetch(`${await listening()}/v1/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${t.keys.admin}`, 'content-type': 'text/csv; charset=utf-8' },
      body: Readable.toWeb(Readable.from(body())) as never,
      duplex: 'half',
    });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ status });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await countOf(t, 'imports')).toBe(before);
    expect(await countOf(t, 'import_chunks')).toBe(0);
  });
});

describe.each(['default', 'payments', 'statements'])('one clear problem for a file of %s', (source) => {
  const { columns, example, sumColumn } = BUILT_IN.get(source)!.mapping;
  const names = columns.required;
  const header = names.join(',');
  const good = `${header}\r\n${example.slice(0, names.length).join(',')}\r\n`;
  const send = (file: string | Buffer, headers = {}) =>
    upload(t, file, { query: `source=${source}`, 'content-type': 'text/csv', ...headers });
  const zip = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0', 'latin1'), Buffer.from('data.csv')]);

  it.each<[string, string | Buffer, number, string]>([
    ['cut off inside a character', Buffer.from(`${good}张`).subarray(0, -1), 422, 'The file is not in utf-8'],
    ['in Latin-1', Buffer.from(`${good}\xe9t\xe9,\xff`, 'latin1'), 422, 'The file is not in '],
    ['in UTF-16', Buffer.from(good, 'utf16le'), 415, 'This is UTF-16 text; send CSV in UTF-8 or GB18030.'],
    ['that is a zip', zip, 415, 'This is a zip archive; send CSV in UTF-8 or GB18030.'],
    [
      'that is binary',
      Buffer.concat([Buffer.from(good), Buffer.of(0, 1, 2)]),
      415,
      'This is a binary file; send CSV in UTF-8 or GB18030.',
    ],
    ['without a column', good.replace(`,${sumColumn},`, ','), 422, `The header lacks ${sumColumn}.`],
    [
      'with a column twice',
      good.replace('\r', `,${sumColumn}\r`),
      422,
      `The header has the column ${sumColumn} twice.`,
    ],
    [
      'with a column of another source',
      good.replace('\r', ',colour\r'),
      422,
      `Column ${names.length + 1} of the header is none of this source.`,
    ],
    ['without a row', `${header}\r\n`, 422, 'The file has a header and no row'],
  ])('%s', async (_, file, status, detail) => {
    const before = await countOf(t, 'imports');
    const { body } = await send(file);
    expect(body).toMatchObject({ status });
    expect(body.detail).toContain(detail);
    expect((body.errors ?? []).length).toBeLessThanOrEqual(1);
    expect(await countOf(t, 'imports')).toBe(before);
  });

  test('of which a part is missing', async () => {
    const { body } = await send(good, { 'content-length': '100000' });
    expect(body).toMatchObject({
      status: 400,
      detail: 'The upload broke off before the end of the file; nothing was applied.',
    });
  });

  test('with a line of 100 MB', async () => {
    async function* endless() {
      yield Buffer.from(good);
      for (let no = 0; no < 100; no += 1) yield Buffer.from('x'.repeat(1_000_000));
    }
    const answer = await fetch(`${await listening()}/v1/imports?source=${source}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${t.keys.admin}`, 'content-type': 'text/csv' },
      body: Readable.toWeb(Readable.from(endless())) as never,
      duplex: 'half',
    });
    expect(await answer.json()).toMatchObject({ status: 422, detail: 'A line is longer than 65536 bytes.' });
  });
});

test.each([
  ['a quote on each of a million lines', '"\n'.repeat(1_000_000), 'NO_ROWS'],
  ['a stray quote in each of many lines', 'C1,"张"三",x\n'.repeat(20_000), null],
])('%s ends soon, with one clear answer', async (_, lines, code) => {
  const startedAt = performance.now();
  const { body } = await upload(t, `${defaultFile([])}\n${lines}`);
  const done = await workOff(t, body.importId);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(done.problem?.code ?? null).toBe(code);
  if (code === null) expect(done.quarantined).toBe(done.rowsRead);
});

test('an empty extract is one that says so', async () => {
  const { body } = await upload(t, defaultFile([], ['TOTAL,0,0.00']));
  expect(await workOff(t, body.importId)).toMatchObject({ status: 'completed', rowsTotal: 0, rowsRead: 0 });
  const told = await upload(t, `${defaultFile([])}\r\n`, { query: 'expectedRows=0' });
  expect(await workOff(t, told.body.importId)).toMatchObject({ status: 'completed', rowsTotal: 0 });
});

test('without a charset in the Content-Type it is told from the file', async () => {
  for (const [charset, encode] of [
    ['gb18030', gb18030],
    ['utf-8', Buffer.from],
  ] as const) {
    const file = encode(defaultFile([{ customer_id: charset, account_id: charset, name: '亅亅丰' }]));
    const { body } = await upload(t, file, { 'content-type': 'text/csv' });
    expect(body).toMatchObject({ charset });
    await workOff(t, body.importId);
    expect((await t.call('GET', `/v1/customers/${charset}`)).body.name).toBe('亅亅丰');
  }
});

async function listening(): Promise<string> {
  if (!t.app.server.listening) await t.app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`;
}

test('an upload that breaks off becomes a failed import, with nothing applied', async () => {
  t.setNow('2026-11-23T10:01:00+08:00');
  const { port } = new URL(await listening());
  const before = await countOf(t, 'imports WHERE content_hash IS NULL');
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const head = `POST /v1/imports HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${t.keys.admin}\r\n`;
  const file = defaultFile([{ customer_id: 'CUT', account_id: 'CUT' }]);
  socket.write(`${head}content-type: text/csv\r\ncontent-length: 100000\r\n\r\n${file}\r\n`);
  await expect.poll(() => countOf(t, 'imports WHERE content_hash IS NULL')).toBe(before + 1);
  socket.destroy();
  const newest = async () => (await t.call('GET', '/v1/imports?limit=1')).body.items[0] as Import;
  await expect.poll(newest).toMatchObject({ status: 'failed', problem: { code: 'UPLOAD_INCOMPLETE' }, rowsRead: 0 });
  await expect.poll(() => countOf(t, 'import_chunks')).toBe(0);
  expect((await t.call('GET', '/v1/customers/CUT')).status).toBe(404);
});

test('a length that is not that of the body is an incomplete upload', async () => {
  const answer = await upload(t, defaultFile([{}]), { 'content-length': '100000' });
  expect(answer.body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
});

test('the same Idempotency-Key gives the first import, with another file a conflict', async () => {
  const file = defaultFile([{ customer_id: 'I1', account_id: 'I1' }]);
  const headers = { 'idempotency-key': 'import-2026-11-23' };
  const first = await upload(t, file, headers);
  const before = await countOf(t, 'imports');
  const again = await upload(t, file, headers);
  expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true', location: first.headers.location });
  expect(again.body.importId).toBe(first.body.importId);
  const other = await upload(t, `${file}\r\n`, headers);
  expect(other.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_CONFLICT' });
  expect(await countOf(t, 'imports')).toBe(before);
});
