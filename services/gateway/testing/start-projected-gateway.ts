import { join } from 'node:path';
import { claimDatabase, claimNats, eventually, startService } from '@millrace/testkit';
import { expect } from 'vitest';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './start-test-gateway.ts';

const PROJECTOR = join(import.meta.dirname, '../../projector/src/main.ts');

export interface ProjectedGateway extends TestGateway {
  /** Ends the gateway and its projector. */
  readonly stop: () => Promise<void>;
}

/** A gateway with a projector beside it, on a NATS account and a database of their own, and these workflows in service. */
export const startProjectedGateway = async ({
  workflows,
  ...options
}: Omit<TestGatewayOptions, 'natsUrl' | 'databaseUrl'> & {
  readonly workflows: readonly string[];
}): Promise<ProjectedGateway> => {
  const [natsUrl, databaseUrl] = [claimNats().url, (await claimDatabase()).url];
  const gateway = await startTestGateway({ ...options, natsUrl, databaseUrl });
  const projector = await startService(PROJECTOR, { env: { NATS_URL: natsUrl, DATABASE_URL: databaseUrl } });
  for (const path of workflows) await gateway.deploy(path);
  await eventually(() => expect(gateway.catalog.entries().size).toBe(workflows.length));
  return {
    ...gateway,
    stop: async () => {
      await gateway.close();
      await projector.stop();
    },
  };
};
