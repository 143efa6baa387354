import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Db } from '../db/database.ts';
import type { Vault } from '../personal-data.ts';
import {
  type Columns,
  checkHead,
  FileError,
  MAX_RECORD_BYTES,
  noRows,
  recordTooLarge,
  uploadIncomplete,
} from './csv.ts';
import { foreignFormat, likelyCharset } from './formats.ts';
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

/** The charset of a Content-Type; undefined when it names none, null for one that is not read here. */
export function charsetOf(contentType: string): string | null | undefined {
  const named = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1];
  return named === undefined ? undefined : (CHARSETS[named.toLowerCase()] ?? null);
}

export interface Upload {
  readonly importId: string;
  /** Null: told from the beginning of the file. */
  readonly charset: string | null;
  readonly columns: Columns;
  readonly body: Readable;
  /** Content-Length; null when the sender gave none. */
  readonly length: number | null;
  readonly limitBytes: number;
  /** A file without a row is meant so. */
  readonly mayBeEmpty: boolean;
}

export class UploadTooLarge extends Error {}

export interface Received {
  readonly contentHash: Buffer;
  readonly bytes: number;
  readonly charset: string;
}

/**
 * Decodes an upload as it arrives and stores it in sealed chunks; memory holds one chunk. Throws FileError for what can be
 * no file of this source and for an upload that breaks off, UploadTooLarge over the limit.
 */
export async function receive(
  db: Db,
  vault: Vault,
  { importId, columns, mayBeEmpty, ...upload }: Upload,
): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  let chunkNo = 0;
  let text = '';
  let checked = false;
  let { charset } = upload;
  const store = async () => appendChunk(db, vault, importId, chunkNo++, text);
  const measureLine = lineMeasure();
  const take = async (piece: string, complete: boolean) => {
    text += piece;
    if (!checked && (complete || text.length >= MAX_RECORD_BYTES || /[\r\n]/.test(piece))) {
      checked = checkHead(text, complete, columns);
    }
    measureLine(piece);
    if (complete && chunkNo === 0 && !mayBeEmpty && !/\S[^\r\n]*[\r\n]\s*\S/.test(text)) throw noRows();
    if (complete ? text !== '' : text.length >= CHUNK_LENGTH) {
      await store();
      text = '';
    }
  };
  const seen = (piece: Buffer, as: string) => {
    hash.update(piece);
    bytes += piece.length;
    charset = as;
  };
  for await (const piece of textOf(upload, seen)) await take(piece, false);
  await take('', true);
  return { contentHash: hash.digest(), bytes, charset: charset ?? 'utf-8' };
}

/** Watches for a line that never ends, so that it is refused as it comes and not when all of it is there. */
function lineMeasure(): (piece: string) => void {
  let length = 0;
  return (piece) => {
    const end = Math.max(piece.lastIndexOf('\n'), piece.lastIndexOf('\r'));
    const first = piece.search(/[\r\n]/);
    if (length + (first < 0 ? piece.length : first) > MAX_RECORD_BYTES) throw recordTooLarge();
    length = end < 0 ? length + piece.length : piece.length - end - 1;
  };
}

/** First bytes that are looked at together. */
const HEAD_BYTES = 16_384;

/**
 * The text of an upload as it arrives; `seen` gets its bytes and the charset they are read in. Throws FileError for what is
 * no text in its charset and for an upload that breaks off, UploadTooLarge over the limit.
 */
export async function* textOf(
  { charset, body, length, limitBytes }: Pick<Upload, 'charset' | 'body' | 'length' | 'limitBytes'>,
  seen: (piece: Buffer, charset: string) => void,
): AsyncGenerator<string> {
  if (length !== null && length > limitBytes) throw new UploadTooLarge();
  let as = charset;
  let decoder: TextDecoder | null = null;
  let bytes = 0;
  const wrong = () => {
    const why =
      charset === null
        ? 'as its beginning is; name the charset in the Content-Type'
        : 'the charset of its Content-Type';
    return new FileError('ENCODING', `The file is not in ${as}, ${why}, near byte ${bytes}.`);
  };
  for await (const piece of withHead(unbroken(body))) {
    bytes += piece.length;
    if (bytes > limitBytes) throw new UploadTooLarge();
    if (decoder === null) {
      const format = foreignFormat(piece);
      if (format !== null) throw new FileError('BINARY_FILE', `This is ${format}; send CSV in UTF-8 or GB18030.`);
      as ??= likelyCharset(piece);
      decoder = new TextDecoder(as, { fatal: true });
    }
    // No text in UTF-8 or GB18030 has one.
    const zero = piece.indexOf(0);
    if (zero >= 0) {
      const at = bytes - piece.length + zero;
      throw new FileError('BINARY_FILE', `Byte ${at} is zero, which no text has: the file is damaged or binary.`);
    }
    seen(piece, as ?? 'utf-8');
    yield decoded(() => decoder!.decode(piece, { stream: true }), wrong);
  }
  if (length !== null && bytes !== length) throw uploadIncomplete();
  if (decoder !== null) yield decoded(() => decoder!.decode(), wrong);
}

/** The same bytes, the first of them in one piece. */
async function* withHead(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer[] | null = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (head === null) {
      yield piece;
      continue;
    }
    head.push(piece);
    bytes += piece.length;
    if (bytes < HEAD_BYTES) continue;
    yield Buffer.concat(head);
    head = null;
  }
  if (head !== null && bytes > 0) yield Buffer.concat(head);
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

function decoded(decode: () => string, wrong: () => FileError): string {
  try {
    return decode();
  } catch {
    throw wrong();
  }
}
