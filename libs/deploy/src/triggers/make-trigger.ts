import { type RateLimit, type Trigger, type TriggerAuth } from '@millrace/contracts';
import { type TriggerDeclaration } from '@millrace/dialects';
import { parseDuration } from '@millrace/kernel';
import { Value } from 'typebox/value';
import { whenOf } from './expression-complaints.ts';
import { keysOf } from './read-key.ts';
import { readSignature } from './read-signature.ts';
import { type WrittenTrigger } from './trigger-definition.ts';

const SECOND = 1_000;

const addressOf = (written: WrittenTrigger, { address }: TriggerDeclaration): Trigger['address'] => {
  const members = Object.keys(address.properties).filter((name) => written[name] !== undefined);
  const picked = Object.fromEntries(members.map((name) => [name, written[name]]));
  return Value.Default(address, picked) as Trigger['address'];
};

/** What proof was declared says which one is asked for, where the dialect has no stricter rule of its own. */
const authOf = (written: WrittenTrigger, { defaults }: TriggerDeclaration): TriggerAuth => {
  if (written.auth !== undefined) return written.auth;
  if (defaults.auth !== 'token' && defaults.auth !== 'public') return defaults.auth;
  if (written.signature !== undefined) return 'signature';
  return keysOf(written).length > 0 ? 'workflow_key' : defaults.auth;
};

const rateOf = ({ requests, per }: NonNullable<WrittenTrigger['rate_limit']>): RateLimit => ({
  requests,
  per: Math.ceil(parseDuration(per as string | number) / SECOND),
});

/** Only the members that were said: a version is named by what is in it. */
const present = <Members extends Record<string, unknown>>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;

const optionalOf = (written: WrittenTrigger) => {
  const { input, response, signature, rate_limit: rate } = written;
  const keys = keysOf(written);
  const conditions = [...whenOf(written), ...(written.conditions ?? [])];
  return present({
    keys: keys.length > 0 ? [...keys] : undefined,
    signature: signature && readSignature(signature).signature,
    conditions: conditions.length > 0 ? conditions : undefined,
    input,
    response,
    rateLimit: rate && rateOf(rate),
    allowFrom: written.allow_from,
    crossSite: written.cross_site,
    stopAfter: written.stop_after,
  } satisfies { [Name in keyof Trigger]?: Trigger[Name] | undefined });
};

/** The record of a declaration that is as its schema says. */
export const makeTrigger = (written: WrittenTrigger, declares: TriggerDeclaration, id: string): Trigger => ({
  id,
  dialect: written.dialect,
  address: addressOf(written, declares),
  methods: written.methods ?? [...declares.defaults.methods],
  auth: authOf(written, declares),
  mode: written.mode ?? declares.defaults.mode,
  enabled: written.enabled ?? true,
  ...optionalOf(written),
});
