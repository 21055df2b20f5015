// A process that uses the embedded server of the folder it is given, says its port, and stays until it is killed.
import { startEmbedded } from '../../src/db/embedded.ts';

const server = await startEmbedded(process.argv[2] as string);
process.send?.(server.port);
setInterval(() => {}, 60_000);
