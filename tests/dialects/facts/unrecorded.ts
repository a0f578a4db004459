import { type World } from '../world.ts';
import { ECHO, hook } from './kestra-calls.ts';
import { call, desktop, SINK } from './sink-calls.ts';
import { ASYNC } from './windmill-calls.ts';
import { SOURCES } from './workflows.ts';

const askAll = async (world: World) => {
  world.platform.signal('nats', 'SIGSTOP');
  try {
    const [sink, second, windmill, endpoint, source, kestra] = await Promise.all([
      call(world, `${SINK}/open`, { body: {} }),
      desktop(world, '/facts/open', { method: 'POST', body: '{}' }),
      world.call(ASYNC, { body: {} }),
      world.call('/api/endpoints/later', { body: {} }),
      world.call(`/api/hooks/${SOURCES.open}`, { token: null, body: {} }),
      hook(world, ECHO),
    ]);
    return { sink, second, windmill, endpoint, source, kestra };
  } finally {
    world.platform.signal('nats', 'SIGCONT');
  }
};

const asked = new WeakMap<World, ReturnType<typeof askAll>>();

/** What each protocol answers while nothing can be recorded; NATS is stopped once for all of them. */
export const unrecorded = (world: World): ReturnType<typeof askAll> => {
  const known = asked.get(world) ?? askAll(world);
  asked.set(world, known);
  return known;
};
