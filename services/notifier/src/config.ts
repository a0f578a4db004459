import { type OutboundPolicy, parseOutboundPolicy, WEBHOOK_SCHEDULE } from '@millrace/domain';
import { type Milliseconds, parseDuration } from '@millrace/kernel';
import { loadConfig, type Environment } from '@millrace/runtime';
import { type Static, Type } from 'typebox';

const ConfigSchema = Type.Object({
  /** `nats://user:password@host:port` */
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  /** 0 takes any free port. */
  MILLRACE_ADMIN_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 0 }),
  /** Networks, separated by commas, to which webhooks may go although they are not public. */
  MILLRACE_NOTIFIER_ALLOW_PRIVATE: Type.String({ default: '' }),
  /** Ports and ranges, separated by commas. */
  MILLRACE_NOTIFIER_PORTS: Type.String({ default: '' }),
  /** Longest time of one attempt. */
  MILLRACE_NOTIFIER_TIMEOUT: Type.String({ default: '15s' }),
  /** Pauses before the second attempt, the third, …, separated by commas. */
  MILLRACE_NOTIFIER_SCHEDULE: Type.String({ default: '' }),
});
type Config = Readonly<Static<typeof ConfigSchema>>;

export interface NotifierSettings {
  readonly natsUrl: string;
  readonly adminPort: number;
  readonly policy: OutboundPolicy;
  readonly timeoutMs: Milliseconds;
  readonly schedule: readonly Milliseconds[];
}

const listed = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const settingsOf = (config: Config): NotifierSettings => {
  const schedule = listed(config.MILLRACE_NOTIFIER_SCHEDULE).map(parseDuration);
  return {
    natsUrl: config.NATS_URL,
    adminPort: config.MILLRACE_ADMIN_PORT,
    policy: parseOutboundPolicy(listed(config.MILLRACE_NOTIFIER_PORTS), listed(config.MILLRACE_NOTIFIER_ALLOW_PRIVATE)),
    timeoutMs: parseDuration(config.MILLRACE_NOTIFIER_TIMEOUT),
    schedule: schedule.length === 0 ? WEBHOOK_SCHEDULE : schedule,
  };
};

/** @throws AppError `invalid` that names what is wrong. */
export const readSettings = (env: Environment): NotifierSettings => settingsOf(loadConfig(ConfigSchema, env));
