import { z } from 'zod';
import { stringsOf } from '../contact/formats.ts';
import type { PermissionAnswer } from '../contact/schemas.ts';
import { AppError } from '../errors.ts';
import type { VendorRecord } from './mapping.ts';
import { vendorRecordSchema, vendors } from './schemas.ts';

/** What a Lambda function is handed by a journey's custom action: up to a thousand profiles, attributes as a JSON text. */
const profile = vendors({
  ProfileId: z.string().min(1).max(200),
  CustomerData: z.string().max(100_000).optional(),
  IdempotencyToken: z.string().optional(),
});
const journeySchema = vendors({ Items: vendors({ CustomerProfiles: z.array(profile).max(1000) }) });

const endpoint = vendors({ Address: z.string().nullish() }).nullish();

/** What a Lambda function is handed by a flow. */
const flowSchema = vendors({
  Name: z.literal('ContactFlowEvent').optional(),
  Details: vendors({
    ContactData: vendors({
      ContactId: z.string().min(1).max(200),
      Attributes: vendorRecordSchema.nullish(),
      CustomerEndpoint: endpoint,
      SystemEndpoint: endpoint,
      InitiationTimestamp: z.string().nullish(),
    }),
    Parameters: vendorRecordSchema.nullish(),
  }),
});

export const connectEventSchema = z.union([journeySchema, flowSchema]).meta({
  id: 'ConnectEvent',
  examples: [
    {
      InvocationMetadata: { CampaignContext: { CampaignId: 'c-1', RunId: 'r-1', ActionId: 'a-1' } },
      Items: {
        CustomerProfiles: [
          {
            ProfileId: 'p-1',
            CustomerData: '{"customerId":"C1","contactPointId":"m1","callerNumber":"95588"}',
            IdempotencyToken: 'r-1:p-1',
          },
        ],
      },
    },
    {
      Name: 'ContactFlowEvent',
      Details: {
        ContactData: { ContactId: 'ct-1', Attributes: { customerId: 'C1', contactPointId: 'm1' } },
        Parameters: { callerNumber: '95588' },
      },
    },
  ],
});
export type ConnectEvent = z.output<typeof connectEventSchema>;

const strings = z.record(z.string(), z.string());

/** One entry for each profile, in their order; or, for a flow, a flat map of strings. */
export const connectResultSchema = z
  .union([
    z.object({
      Items: z.object({ CustomerProfiles: z.array(z.object({ Id: z.string(), ResultData: strings })) }),
    }),
    strings,
  ])
  .meta({ id: 'ConnectResult' });
export type ConnectResult = z.infer<typeof connectResultSchema>;

/** The records of an event: one for each profile, or the one of a flow, in which parameters go before attributes. */
export function recordsOf(event: ConnectEvent): VendorRecord[] {
  if ('Items' in event)
    return event.Items.CustomerProfiles.map(({ CustomerData, ...rest }) => ({
      ...attributesOf(CustomerData),
      ...rest,
    }));
  const { ContactData, Parameters } = event.Details;
  const { Attributes, CustomerEndpoint, SystemEndpoint, ContactId, InitiationTimestamp } = ContactData;
  const contact = {
    ContactId,
    InitiationTimestamp,
    CustomerEndpointAddress: CustomerEndpoint?.Address,
    SystemEndpointAddress: SystemEndpoint?.Address,
  };
  return [{ ...contact, ...Attributes, ...Parameters }];
}

/** Attributes of a profile; what is no JSON object says nothing, and the request is then refused for want of a customer. */
function attributesOf(text: string | undefined): VendorRecord {
  try {
    const data: unknown = JSON.parse(text ?? '{}');
    return data !== null && typeof data === 'object' && !Array.isArray(data) ? (data as VendorRecord) : {};
  } catch {
    return {};
  }
}

/** The answers in the shape that the event's kind is answered with. */
export function resultOf(event: ConnectEvent, answers: readonly (PermissionAnswer | AppError)[]): ConnectResult {
  const data = answers.map(dataOf);
  if (!('Items' in event)) return data[0]!;
  const profiles = event.Items.CustomerProfiles.map(({ ProfileId }, index) => ({
    Id: ProfileId,
    ResultData: data[index]!,
  }));
  return { Items: { CustomerProfiles: profiles } };
}

function dataOf(answer: PermissionAnswer | AppError): Record<string, string> {
  if (!(answer instanceof AppError)) return stringsOf(answer);
  const { code, message, status } = answer;
  return stringsOf({ permitted: false, decision: 'ERROR', code, status, detail: message });
}
