/**
 * Arrays as parameters in PostgreSQL's binary form, for statements that write many rows: the text form, which the driver
 * makes of a list, escapes every element and doubles the length of bytes.
 */

const TEXT_OID = 25;
const BYTEA_OID = 17;
const HEADER_BYTES = 20;

/** A `text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return arrayOf(TEXT_OID, values, Buffer.byteLength, (buffer, value, at) => buffer.write(value, at));
}

/** A `bytea[]`. */
export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return arrayOf(
    BYTEA_OID,
    values,
    (value) => value.length,
    (buffer, value, at) => buffer.set(value, at),
  );
}

/** Header: dimensions, has nulls, type, length, first index. Then each element behind its length; -1 is null. */
function arrayOf<T>(
  oid: number,
  values: readonly (T | null)[],
  lengthOf: (value: T) => number,
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const lengths = values.map((value) => (value === null ? -1 : lengthOf(value)));
  const bytes = lengths.reduce((sum, length) => sum + Math.max(length, 0), 0);
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + 4 * values.length + bytes);
  [1, 1, oid, values.length, 1].forEach((field, index) => {
    buffer.writeInt32BE(field, index * 4);
  });
  let at = HEADER_BYTES;
  for (const [index, value] of values.entries()) {
    const length = lengths[index]!;
    at = buffer.writeInt32BE(length, at);
    if (value === null) continue;
    write(buffer, value, at);
    at += length;
  }
  return buffer;
}

/** An array of whole numbers, which nothing in the text form needs an escape for. */
export function numberArray(values: readonly (bigint | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join()}}`;
}
