import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Db } from '../db/database.ts';
import type { Vault } from '../personal-data.ts';
import { type Columns, checkHead, FileError, MAX_RECORD_BYTES, uploadIncomplete } from './csv.ts';
import { appendChunk } from './repository.ts';

/** What a charset of the Content-Type is called by TextDecoder. */
const CHARSETS: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  gb18030: 'gb18030',
  gbk: 'gb18030',
};

/** Characters of one sealed chunk. */
const CHUNK_LENGTH = 262_144;

/** The charset of a Content-Type, UTF-8 when it names none; null for one that is not read here. */
export function charsetOf(contentType: string): string | null {
  const named = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  return CHARSETS[named.toLowerCase()] ?? null;
}

export interface Upload {
  readonly importId: string;
  readonly charset: string;
  readonly columns: Columns;
  readonly body: Readable;
  /** Content-Length; null when the sender gave none. */
  readonly length: number | null;
  readonly limitBytes: number;
}

export class UploadTooLarge extends Error {}

/**
 * Decodes an upload as it arrives and stores it in sealed chunks; memory holds one chunk. Throws FileError for what can be
 * no file of this source and for an upload that breaks off, UploadTooLarge over the limit.
 */
export async function receive(
  db: Db,
  vault: Vault,
  { importId, columns, ...upload }: Upload,
): Promise<{ contentHash: Buffer; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let chunkNo = 0;
  let text = '';
  let checked = false;
  const store = async () => appendChunk(db, vault, importId, chunkNo++, text);
  const take = async (piece: string, complete: boolean) => {
    text += piece;
    if (!checked && (complete || text.length >= MAX_RECORD_BYTES || /[\r\n]/.test(piece))) {
      checked = checkHead(text, complete, columns);
    }
    if (complete ? text !== '' : text.length >= CHUNK_LENGTH) {
      await store();
      text = '';
    }
  };
  const seen = (piece: Buffer) => {
    hash.update(piece);
    bytes += piece.length;
  };
  for await (const piece of textOf(upload, seen)) await take(piece, false);
  await take('', true);
  return { contentHash: hash.digest(), bytes };
}

/**
 * The text of an upload as it arrives; `seen` gets its bytes. Throws FileError for what is no text in its charset and for
 * an upload that breaks off, UploadTooLarge over the limit.
 */
export async function* textOf(
  { charset, body, length, limitBytes }: Pick<Upload, 'charset' | 'body' | 'length' | 'limitBytes'>,
  seen: (piece: Buffer) => void,
): AsyncGenerator<string> {
  if (length !== null && length > limitBytes) throw new UploadTooLarge();
  const decoder = new TextDecoder(charset, { fatal: true });
  let bytes = 0;
  for await (const piece of unbroken(body)) {
    bytes += piece.length;
    if (bytes > limitBytes) throw new UploadTooLarge();
    if (piece.includes(0)) throw binaryFile();
    seen(piece);
    yield decoded(() => decoder.decode(piece, { stream: true }), charset, bytes);
  }
  if (length !== null && bytes !== length) throw uploadIncomplete();
  yield decoded(() => decoder.decode(), charset, bytes);
}

/** The pieces of a request body. A connection that is lost becomes a FileError. */
async function* unbroken(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body.iterator({ destroyOnReturn: false });
  } catch {
    throw uploadIncomplete();
  } finally {
    // After a refusal the rest is read and dropped: else the client would not read the answer, and the socket hang.
    body.resume();
  }
}

/** No text in UTF-8 or GB18030 has a zero byte; zip, spreadsheet and UTF-16 files do, near their beginning. */
function binaryFile(): FileError {
  return new FileError('BINARY_FILE', 'This is a binary, compressed or UTF-16 file; send CSV in UTF-8 or GB18030.');
}

function decoded(decode: () => string, charset: string, bytes: number): string {
  try {
    return decode();
  } catch {
    throw new FileError(
      'ENCODING',
      `The file is not in ${charset}, the charset of its Content-Type, near byte ${bytes}.`,
    );
  }
}
