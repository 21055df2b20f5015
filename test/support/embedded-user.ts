// A process that uses the embedded server of the folder it is given, says its port, and stays until it is told to leave
// or killed.
import { startEmbedded } from '../../src/db/embedded.ts';

const server = await startEmbedded(process.argv[2] as string);
process.send?.(server.port);
process.once('message', async () => {
  await server.stop();
  process.exit();
});
