/** What a file is that is no text in UTF-8 or GB18030, told from its first bytes. Pure. */

const SIGNATURES: readonly (readonly [string, string])[] = [
  ['1f8b', 'a gzip file'],
  ['d0cf11e0', 'an Excel workbook of the old format (.xls)'],
  ['25504446', 'a PDF document'],
  ['377abcaf271c', 'a 7-Zip archive'],
  ['526172211a07', 'a RAR archive'],
  ['425a68', 'a bzip2 file'],
  ['fd377a585a00', 'an xz file'],
  ['28b52ffd', 'a Zstandard file'],
  ['fffe', 'UTF-16 text'],
  ['feff', 'UTF-16 text'],
];

/** Names the format of a file, with its article; null for what may be text. */
export function foreignFormat(head: Buffer): string | null {
  if (head.subarray(0, 4).toString('latin1') === 'PK\x03\x04') {
    const names = head.toString('latin1');
    return names.includes('xl/') || names.includes('[Content_Types].xml')
      ? 'an Excel workbook (.xlsx)'
      : 'a zip archive';
  }
  const hex = head.subarray(0, 8).toString('hex');
  const found = SIGNATURES.find(([signature]) => hex.startsWith(signature));
  if (found) return found[1];
  // Latin letters and digits take every other byte of UTF-16.
  const zeros = head.subarray(0, 1024).filter((byte) => byte === 0).length;
  if (zeros === 0) return null;
  return zeros * 4 >= Math.min(head.length, 1024) ? 'UTF-16 text' : 'a binary file';
}

/** UTF-8 if the beginning of a file is, else GB18030: in text of either the other shows at once. */
export function likelyCharset(head: Buffer): 'utf-8' | 'gb18030' {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return 'utf-8';
  } catch {
    return 'gb18030';
  }
}
