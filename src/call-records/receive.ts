import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Db } from '../db/database.ts';
import { controlAmount, FileError, MAX_RECORD_BYTES, openCsv } from '../imports/csv.ts';
import { textOf } from '../imports/upload.ts';
import type { Vault } from '../personal-data.ts';
import { appendRows, type BlindCall, type NewUpload, type Rejection, renewUpload } from './repository.ts';
import { type Call, COLUMNS, type RowResult, type RowRules, readCsvRow, readJsonRow } from './row.ts';

export type Format = 'csv' | 'ndjson';

export interface Receipt {
  readonly upload: NewUpload;
  readonly format: Format;
  readonly charset: string;
  readonly rules: RowRules;
  readonly body: Readable;
  /** Content-Length; null when the sender gave none. */
  readonly length: number | null;
  readonly limitBytes: number;
}

/** Rows stored in one transaction. */
const BATCH = 500;
const RENEW_MS = 3_000;

/**
 * Reads a file as it arrives and stores its calls, numbers already as blind indexes; memory holds one batch. Throws
 * FileError for what can be no such file and for an upload that breaks off, UploadTooLarge over the limit; what was stored
 * before is then to be dropped.
 */
export async function receive(db: Db, vault: Vault, receipt: Receipt): Promise<{ sha256: string; bytes: number }> {
  const { upload, format, rules } = receipt;
  const hash = createHash('sha256');
  let bytes = 0;
  const text = textOf(receipt, (piece) => {
    hash.update(piece);
    bytes += piece.length;
  });
  // A renewal that fails is left to the next one; without any, the upload is given up.
  const timer = setInterval(() => renewUpload(db, upload.uploadId).catch(() => undefined), RENEW_MS);
  try {
    let batch: { row: number; result: RowResult }[] = [];
    for await (const result of format === 'csv' ? csvRows(text, rules) : jsonRows(text, rules)) {
      batch.push(result);
      if (batch.length < BATCH) continue;
      await store(db, vault, upload, batch);
      batch = [];
    }
    await store(db, vault, upload, batch);
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    clearInterval(timer);
    // Not waited for: after a refusal the rest of the body is read and dropped as it comes.
    void text.return(undefined);
  }
}

async function* csvRows(text: AsyncIterable<string>, rules: RowRules) {
  const file = await openCsv(text, COLUMNS, '');
  let rows = 0;
  for await (const { row, cells } of file.records) {
    rows = row;
    yield { row, result: readCsvRow(file.header, cells, rules) };
  }
  const totals = file.totals();
  if (totals !== null && controlAmount(totals.rows) !== BigInt(rows) * 10_000n) {
    const detail = `The totals line gives another number of rows than the ${rows} of the file.`;
    throw new FileError('CONTROL_TOTALS', detail);
  }
}

async function* jsonRows(text: AsyncIterable<string>, rules: RowRules) {
  let row = 0;
  for await (const line of linesOf(text)) {
    if (line.trim() === '') continue;
    row += 1;
    yield { row, result: readJsonRow(line, rules) };
  }
  if (row === 0) throw new FileError('EMPTY_FILE', 'The file is empty.');
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_RECORD_BYTES || lines.some((line) => line.length > MAX_RECORD_BYTES))
      throw new FileError('RECORD_TOO_LARGE', `A line is longer than ${MAX_RECORD_BYTES} bytes.`);
    yield* lines;
  }
  yield rest;
}

async function store(
  db: Db,
  vault: Vault,
  upload: NewUpload,
  batch: readonly { row: number; result: RowResult }[],
): Promise<void> {
  const calls: BlindCall[] = [];
  const rejections: Rejection[] = [];
  for (const { row, result } of batch) {
    if ('call' in result) calls.push(blind(vault, row, result.call));
    else rejections.push(...result.problems.map((problem) => ({ row, ...problem })));
  }
  const kept = await db
    .transaction()
    .execute((trx) => appendRows(trx, upload, { rows: batch.length, calls, rejections }));
  if (!kept) throw new FileError('UPLOAD_INCOMPLETE', 'Nothing was heard of this upload for too long; send it again.');
}

/** From here on the number is an index that only this service can make. */
function blind(vault: Vault, row: number, { number, ...call }: Call): BlindCall {
  const addressKey = number === null ? null : vault.index('phone', number);
  const said = [
    call.startedAt.toString(),
    call.direction,
    addressKey?.toString('hex') ?? null,
    call.customerId,
    call.contactPointId,
    call.durationSeconds,
    call.result,
    call.carrier,
  ];
  const fingerprint = createHash('sha256').update(JSON.stringify(said)).digest();
  // Without an id of its own a call is known by all that is said of it; no call id begins with this sign.
  const recordKey = call.vendorCallId ?? `#${fingerprint.toString('hex', 0, 16)}`;
  return { ...call, row, addressKey, recordKey, fingerprint };
}
