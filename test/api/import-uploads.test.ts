import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Import } from '../../src/imports/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf, defaultFile, gb18030, upload } from '../support/imports.ts';

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

async function listening(): Promise<string> {
  if (!t.app.server.listening) await t.app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`;
}

test('an upload that breaks off becomes a failed import, with nothing applied', async () => {
  t.setNow('2026-11-23T10:01:00+08:00');
  const { port } = new URL(await listening());
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const head = `POST /v1/imports HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${t.keys.admin}\r\n`;
  const file = defaultFile([{ customer_id: 'CUT', account_id: 'CUT' }]);
  socket.write(`${head}content-type: text/csv\r\ncontent-length: 100000\r\n\r\n${file}\r\n`);
  await expect.poll(() => countOf(t, 'imports WHERE content_hash IS NULL')).toBe(1);
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
