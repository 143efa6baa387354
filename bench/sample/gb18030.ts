/** Writing GB18030, which Node only reads: the table of its decoder (2022), turned round. */

/** Bytes of each UTF-16 code unit as one number, 0 where there are none. */
let table: Uint32Array | undefined;

/** Text to GB18030. RangeError for a lone surrogate and for private-use characters without a form in it. */
export function encodeGb18030(text: string): Buffer {
  table ??= readTable();
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const packed = code > 0xffff ? pack(189_000 + code - 0x10000) : table[code]!;
    if (packed === 0 && code !== 0) throw new RangeError(`U+${code.toString(16)} cannot be written in GB18030.`);
    if (packed > 0xffff) bytes.push(packed >>> 24, (packed >>> 16) & 0xff);
    if (packed > 0xff) bytes.push((packed >>> 8) & 0xff);
    bytes.push(packed & 0xff);
  }
  return Buffer.from(bytes);
}

function readTable(): Uint32Array {
  const found = new Uint32Array(0x10000);
  const decoder = new TextDecoder('gb18030');
  const learn = (packed: number, bytes: readonly number[]) => {
    const text = decoder.decode(Uint8Array.from(bytes));
    if (text.length === 1 && text !== '\ufffd') found[text.charCodeAt(0)] ||= packed;
  };
  for (let byte = 1; byte < 0x80; byte += 1) found[byte] = byte;
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (trail !== 0x7f) learn((lead << 8) | trail, [lead, trail]);
    }
  }
  for (let index = 0; index <= 39_419; index += 1) {
    const packed = pack(index);
    learn(packed, [packed >>> 24, (packed >>> 16) & 0xff, (packed >>> 8) & 0xff, packed & 0xff]);
  }
  // What stands for an error has a form of its own too.
  found[0xfffd] = 0x8431a437;
  return found;
}

/** The four bytes at a place in their order: 81308130 is the first. */
function pack(index: number): number {
  const fourth = 0x30 + (index % 10);
  const third = 0x81 + (Math.floor(index / 10) % 126);
  const second = 0x30 + (Math.floor(index / 1260) % 10);
  const first = 0x81 + Math.floor(index / 12_600);
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
}
