import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomFillSync } from 'node:crypto';

/** Where a value stands. It is authenticated with the value, so a ciphertext copied to another row does not open. */
export interface ColumnAddress {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
}

export interface EncryptionKey {
  readonly keyId: string;
  readonly key: Buffer;
}

/** Encrypts personal data column by column and finds it by keyed blind index. */
export interface Vault {
  /** AES-256-GCM under the first key: `keyId length, keyId, 12 bytes nonce, 16 bytes tag, ciphertext`. */
  readonly seal: (at: ColumnAddress, plain: string) => Buffer;
  /** Opens with whichever key wrote it. Throws when the key is unknown or the row is not the one it was sealed for. */
  readonly open: (at: ColumnAddress, sealed: Buffer) => string;
  /** First 16 bytes of HMAC-SHA-256 over the kind and the normalised value; equal values have equal keys. */
  readonly index: (
    kind: 'phone' | 'email' | 'im' | 'postal' | 'resident_id' | 'customer' | 'party' | 'card' | 'request',
    value: string,
  ) => Buffer;
}

const NONCE_BYTES = 12;
const nonces = Buffer.alloc(NONCE_BYTES * 341);
let noncesUsed = nonces.length;

/** Random bytes that no other value gets; drawn many at a time, since each drawing costs more than the sealing. */
function nextNonce(): Buffer {
  if (noncesUsed === nonces.length) {
    randomFillSync(nonces);
    noncesUsed = 0;
  }
  noncesUsed += NONCE_BYTES;
  return nonces.subarray(noncesUsed - NONCE_BYTES, noncesUsed);
}

function associatedData({ table, column, rowId }: ColumnAddress): Buffer {
  return Buffer.from(`${table}\u0000${column}\u0000${rowId}`);
}

/** Builds the vault; the first key writes, every key reads, so keys rotate without a stop. */
export function createVault(keys: readonly EncryptionKey[], blindIndexKey: Buffer): Vault {
  const writer = keys[0];
  if (!writer) throw new Error('at least one encryption key is needed');
  const writingKey = createSecretKey(writer.key);
  const indexKey = createSecretKey(blindIndexKey);
  const byId = new Map(keys.map((entry) => [entry.keyId, entry.key]));
  const prefix = Buffer.concat([Buffer.from([Buffer.byteLength(writer.keyId)]), Buffer.from(writer.keyId)]);
  return {
    seal: (at, plain) => {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', writingKey, nonce).setAAD(associatedData(at));
      const body = cipher.update(plain, 'utf8');
      // GCM keeps nothing back: this only makes the tag.
      cipher.final();
      return Buffer.concat([prefix, nonce, cipher.getAuthTag(), body]);
    },
    open: (at, sealed) => {
      const idEnd = 1 + sealed[0]!;
      const keyId = sealed.toString('utf8', 1, idEnd);
      const key = byId.get(keyId);
      if (!key) throw new Error(`no encryption key ${keyId}`);
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(idEnd, idEnd + 12)).setAAD(
        associatedData(at),
      );
      decipher.setAuthTag(sealed.subarray(idEnd + 12, idEnd + 28));
      return decipher.update(sealed.subarray(idEnd + 28), undefined, 'utf8') + decipher.final('utf8');
    },
    index: (kind, value) => createHmac('sha256', indexKey).update(`${kind}:${value}`).digest().subarray(0, 16),
  };
}

/** `张三丰` to `张**`; nothing but the first character is shown. */
export function maskName(name: string): string {
  const [first = '', ...rest] = [...name];
  return first + '*'.repeat(Math.min(rest.length, 6));
}

/** Keeps the ends of a number and hides the middle: `+8613800138000` to `+8613****8000`; short values keep nothing. */
export function maskNumber(value: string): string {
  return value.length < 8
    ? '*'.repeat(value.length)
    : `${value.slice(0, 3)}${'*'.repeat(value.length - 7)}${value.slice(-4)}`;
}

/** `zhang@example.com` to `z****@example.com`. */
export function maskEmail(value: string): string {
  const at = value.lastIndexOf('@');
  return at < 1 ? maskNumber(value) : `${value[0]}****${value.slice(at)}`;
}
