// What the demo's configuration keeps back from the portal: the books have to know it too.
import type { Buffer } from "../books/books.ts";

export const DEMO_BUFFERS: readonly Buffer[] = [];
