/** Folding of characters that all cleansing shares. */

/** Letters, digits and signs of full width to their plain forms, U+3000 to a blank. Nothing else: `①` and `㈱` stay. */
export function foldWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll('\u3000', ' ');
}

/** Blanks and invisible marks: what comes along when a number is copied from a screen. */
export const BLANKS = /[\s\p{Cf}]/gu;
