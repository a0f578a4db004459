import { AppError } from '@millrace/kernel';

/** 2.12 brought atomic batches, delayed messages and `persist_mode`; 2.14 cron schedules. */
export const SERVER_FLOOR = { major: 2, minor: 14 } as const;

/** @throws AppError `refused` `log.server_too_old`. */
export const checkServerVersion = (version: string): void => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > SERVER_FLOOR.major || (major === SERVER_FLOOR.major && minor >= SERVER_FLOOR.minor)) return;
  throw new AppError(
    'refused',
    'log.server_too_old',
    `nats-server ${version} is too old: Millrace needs ${SERVER_FLOOR.major}.${SERVER_FLOOR.minor} or newer`,
  );
};
