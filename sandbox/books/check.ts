// node sandbox/books/check.ts --input F --systems FILE.json --crossdock URL --key K: see command.ts.
import { runCheck } from "./command.ts";

process.exitCode = await runCheck(process.argv.slice(2), process.stdout, process.stderr);
