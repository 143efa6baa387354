const CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

export type SocialCreditCodeCheck = 'valid' | 'wrong_form' | 'wrong_check_character';

/** Judges a unified social credit code (GB 32100): 18 characters, the last of them a check character. */
export function checkSocialCreditCode(text: string): SocialCreditCodeCheck {
  const code = text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
  if (!/^[1-9A-Y][\dA-Y]\d{6}[\dA-HJ-NP-RTUWXY]{10}$/.test(code)) return 'wrong_form';
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * CHARACTERS.indexOf(code[index]!), 0);
  return CHARACTERS[(31 - (sum % 31)) % 31] === code[17] ? 'valid' : 'wrong_check_character';
}
