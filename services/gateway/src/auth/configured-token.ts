import { type Clock } from '@millrace/kernel';
import { type TokenStore } from '@millrace/eventlog';
import { sha256Hex } from '@millrace/runtime';

/** The record of the token that configuration or environment name; its text can be anything. */
export const CONFIGURED_TOKEN_ID = 'configured';

/** Makes the store agree with the configuration. Safe to repeat by every gateway. */
export const keepConfiguredToken = async (tokens: TokenStore, token: string, clock: Clock): Promise<void> => {
  const sha256 = sha256Hex(token);
  const known = tokens.list().find(({ id }) => id === CONFIGURED_TOKEN_ID);
  if (known?.sha256 === sha256) return;
  await tokens.put({
    id: CONFIGURED_TOKEN_ID,
    sha256,
    label: 'from the configuration',
    scopes: ['admin'],
    createdAt: new Date(clock.now()).toISOString(),
  });
};
