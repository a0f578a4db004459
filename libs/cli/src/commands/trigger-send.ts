import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { type ExampleCall, type MillraceClient, type Trigger } from '@millrace/client';
import { parseRule, type SampleDelivery, sampleDelivery, type SignatureRule, signRequest } from '@millrace/webhooks';
import { chooseTrigger, type TriggerChoice } from '../choose-trigger.ts';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { type Credentials, wantsKey, withCredentials, withKeyInPath } from '../key-placeholders.ts';
import { safeLine } from '../output/safe-text.ts';
import { findServer } from '../server/find-server.ts';

export interface SendFlags extends CommonFlags {
  readonly sign?: boolean;
  readonly secretName?: string;
  /** Of a trigger whose address or headers hold one. */
  readonly key?: string;
  readonly to?: string;
  /** Id of the trigger, where several take what is sent. */
  readonly trigger?: string;
}

const findTrigger = async (
  client: MillraceClient,
  { preset }: SampleDelivery,
  { workflow, trigger }: Pick<TriggerChoice, 'workflow' | 'trigger'>,
): Promise<Trigger> => chooseTrigger(await client.triggers.list(), { preset, workflow, trigger });

const callOf = async (client: MillraceClient, { workflow, id, dialect }: Trigger): Promise<ExampleCall> => {
  const { calls } = await client.triggers.of(workflow);
  const call = calls.find((one) => one.trigger === id) ?? calls.find((one) => one.dialect === dialect);
  if (call !== undefined) return call;
  throw new CommandError(EXIT.failed, `${workflow}#${id} does not say where it is reached`, 'say so with --to');
};

/** From a variable, or from stdin; never from the command line, which others can see. */
const readSecret = async ({ env, stdin }: CliContext, name: string | undefined): Promise<string> => {
  const known = name === undefined ? undefined : env[name];
  const secret = known ?? (await text(stdin)).replace(/\r?\n$/, '');
  if (secret !== '') return secret;
  const where = name === undefined ? 'stdin' : `stdin, or the variable ${name}`;
  throw new CommandError(EXIT.usage, 'there is no secret to sign with', `give it on ${where}`);
};

interface Target {
  readonly url: string;
  readonly method: string;
  /** Credentials that the trigger wants beside the signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** The one that it is sent to, or whose rule it is signed by; absent: neither is known. */
  readonly trigger?: Trigger;
}

/** The call that a trigger is reached by, with the caller's credentials in it. */
const addressed = ({ path, method, headers }: ExampleCall, given: Credentials): Target => {
  const own = Object.entries(headers).filter(([name]) => name !== 'content-type');
  const needsKey = [path, ...own.map(([, value]) => value)].some(wantsKey);
  if (needsKey && given.key === undefined) {
    throw new CommandError(EXIT.usage, 'this trigger wants its key', 'give it with --key, or in MILLRACE_KEY');
  }
  return {
    url: withKeyInPath(path, given),
    method: method === 'GET' ? 'POST' : method,
    headers: Object.fromEntries(own.map(([name, value]) => [name, withCredentials(value, given)])),
  };
};

const findTarget = async (
  context: CliContext,
  flags: SendFlags,
  sample: SampleDelivery,
  workflow: string | undefined,
): Promise<Target> => {
  const { env, cwd } = context;
  const { url: base, token } = findServer(flags, env, cwd);
  const choice = { workflow, trigger: flags.trigger };
  const at = (path: string): string => new URL(path, base).href;
  if (flags.to !== undefined) {
    const target = { url: at(flags.to), method: 'POST', headers: {} };
    if (flags.sign !== true || (workflow ?? flags.trigger) === undefined) return target;
    return { ...target, trigger: await findTrigger(context.client(flags), sample, choice) };
  }
  const client = context.client(flags);
  const trigger = await findTrigger(client, sample, choice);
  const target = addressed(await callOf(client, trigger), { key: flags.key ?? env['MILLRACE_KEY'], token });
  return { ...target, url: at(target.url), trigger };
};

/** How the trigger wants it signed; where none is known, the preset has to say everything by itself. */
const ruleOf = (preset: string, trigger: Trigger | undefined): SignatureRule => {
  try {
    return parseRule({ ...trigger?.rule, preset }, trigger?.secrets ?? ['any']);
  } catch (cause) {
    const hint = trigger === undefined ? ['name the workflow whose trigger says it, after the sample'] : [];
    throw new CommandError(EXIT.usage, cause instanceof Error ? cause.message : String(cause), ...hint).causedBy(cause);
  }
};

const signed = (name: string, { url, method }: Target, rule: SignatureRule, secret: string) => {
  const sample = sampleDelivery(name, secret);
  const { body, headers } = sample;
  const signature = signRequest(rule, { secret, url, method, body, deliveryId: randomUUID(), nowMs: Date.now() });
  return { ...sample, headers: { ...headers, ...signature } };
};

const deliveryFor = async (context: CliContext, flags: SendFlags, name: string, target: Target) => {
  if (flags.sign !== true) return sampleDelivery(name);
  const { trigger } = target;
  const rule = ruleOf(sampleDelivery(name).preset, trigger);
  return signed(name, target, rule, await readSecret(context, flags.secretName ?? trigger?.secrets[0]));
};

/** Sends a delivery as its sender would, to the trigger that waits for it. */
export async function sendSample(this: CliContext, flags: SendFlags, name: string, workflow?: string): Promise<void> {
  const screen = this.screen(flags);
  const target = await findTarget(this, flags, sampleDelivery(name), workflow);
  const { headers, body } = await deliveryFor(this, flags, name, target);
  const { url, method, headers: own } = target;
  const sent = { method, headers: { ...own, ...headers }, body: Buffer.from(body) };
  const response = await fetch(url, { ...sent, redirect: 'manual' });
  const answer = await response.text();
  if (flags.json === true) screen.json({ url, status: response.status, body: answer }, 'one-line');
  else {
    screen.say(`${response.status} ${response.statusText} from ${url}`);
    if (answer !== '') screen.data(safeLine(answer));
  }
  if (!response.ok) this.endWith(EXIT.failed);
}
