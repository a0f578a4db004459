import { AuthError, type MillraceClient, NotFoundError, type Trigger } from '@millrace/client';
import { messageOf } from '@millrace/kernel';
import { type Finding, ok, warn } from './finding.ts';

const NAME = 'triggers';

const called = ({ workflow, id }: Trigger): string => `${workflow}#${id}`;

const findingsOf = (trigger: Trigger): readonly Finding[] => [
  ...(trigger.auth === 'public'
    ? [
        warn(
          NAME,
          `${called(trigger)} is public: anybody who reaches this server may start it`,
          'ask for a key, a signature or a token, or limit it with allow_from and rate_limit',
        ),
      ]
    : []),
  ...(trigger.short_key
    ? [warn(NAME, `${called(trigger)} has a key that can be guessed`, 'use at least 16 random characters')]
    : []),
  ...trigger.missing_secrets.map((name) =>
    warn(NAME, `${called(trigger)} needs the secret ${name}, which nobody has set`, `millrace secret set ${name}`),
  ),
];

/** Which declared triggers are open to anybody, or can be used by nobody. */
export const checkTriggers = async (client: MillraceClient): Promise<readonly Finding[]> => {
  try {
    const triggers = await client.triggers.list();
    const findings = triggers.filter(({ state }) => state === 'enabled').flatMap(findingsOf);
    return findings.length > 0 ? findings : [ok(NAME, `${triggers.length} declared`)];
  } catch (error) {
    // A token without the right to read, or a server from before there were triggers.
    if (error instanceof AuthError || error instanceof NotFoundError) return [];
    return [warn(NAME, messageOf(error), 'look at the log of the gateway')];
  }
};
