import type { Language } from '../context.ts';
import type { Change, ChangeCode } from '../rules/contact/counterfactual.ts';
import type { DirectiveKind } from '../rules/contact/facts.ts';

/** What would have to be otherwise, as a sentence; placeholders are members of the change, or `at`. */
const TEXTS: Record<ChangeCode, { readonly zh: string; readonly en: string }> = {
  WAIT: { zh: '等到 {at} 即可联系。', en: 'Wait until {at}.' },
  OTHER_CONTACT_POINT: {
    zh: '改用同一人的联系方式 {contactPointId} 即可联系。',
    en: 'Use contact point {contactPointId} of the same person.',
  },
  OTHER_CHANNEL: { zh: '改用渠道 {channel} 即可联系。', en: 'Use the channel {channel}.' },
  OTHER_PURPOSE: { zh: '若联系目的确为 {purpose}，即可联系。', en: 'A contact that is for {purpose} is permitted.' },
  RECORD_CALL: { zh: '全程录音即可联系。', en: 'Record the call.' },
  REGISTERED_CALLER_NUMBER: { zh: '使用已备案的主叫号码即可联系。', en: 'Call from a registered number.' },
  OBTAIN_DIRECTIVE: { zh: '取得并登记：{directive}，即可联系。', en: 'Obtain and record {directive}.' },
  CONFIRM_ZONE: {
    zh: '确认此人位于时区 {timeZone} 即可联系。',
    en: 'Confirm that the person is in the time zone {timeZone}.',
  },
  END_DIRECTIVE: {
    zh: '登记 {directiveId}（{directive}）结束后即可联系。',
    en: 'The contact is permitted once {directiveId} ({directive}) is ended.',
  },
};

const DIRECTIVES: Record<DirectiveKind, { readonly zh: string; readonly en: string }> = {
  hours_consent: { zh: '本人同意在此时段联系', en: 'consent of the person to this time' },
  call_consent: { zh: '本人事先同意联系', en: 'prior consent of the person to be contacted' },
  time_restriction: { zh: '本人不愿在此时段被联系', en: 'a time that is not wanted' },
  place_restriction: { zh: '本人不愿在此地点被联系', en: 'a place that is not wanted' },
  channel_opt_out: { zh: '拒绝此渠道', en: 'an opt-out of the channel' },
  address_opt_out: { zh: '拒绝此联系方式', en: 'an opt-out of the contact point' },
  cease: { zh: '要求停止联系', en: 'a request to cease' },
  represented: { zh: '已委托律师', en: 'representation by a lawyer' },
  third_party_refusal: { zh: '第三人拒绝联系', en: 'a refusal of the third person' },
  dispute: { zh: '债务争议', en: 'a dispute' },
  bankruptcy_accepted: { zh: '破产受理', en: 'an accepted bankruptcy' },
  deceased: { zh: '死亡', en: 'a death' },
  incapacity: { zh: '丧失行为能力', en: 'incapacity' },
  hardship_hold: { zh: '困难暂缓', en: 'a hold for hardship' },
  vulnerability: { zh: '弱势情形', en: 'vulnerability' },
  moratorium: { zh: '延期', en: 'a moratorium' },
  common_debt: { zh: '夫妻共同债务的证明', en: 'proof of a common debt' },
  vendor_notice: { zh: '已告知由此机构催收', en: 'notice to the debtor about this collector' },
  private_line_approval: { zh: '批准使用此主叫号码', en: 'approval of this private line' },
};

/** The change in the caller's language. */
export function textOf(change: Change, at: string, language: Language): string {
  const key = language === 'en' ? 'en' : 'zh';
  const values: Record<string, string | undefined> = {
    ...change,
    at,
    directive: change.directiveKind && DIRECTIVES[change.directiveKind][key],
  };
  return TEXTS[change.code][key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}
