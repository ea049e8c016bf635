// The packages that mail needs, which nobody else has to install.
import { CrossdockError } from "../../connector/index.ts";

export const READING = ["imapflow@2.10.2", "postal-mime@4.0.0"];
export const SENDING = ["nodemailer@10.6.1"];

/** What to do with an import that failed. */
export const missingDriver =
  (packages: readonly string[]) =>
  (cause: unknown): never => {
    const message = `Mail needs packages that are not there: npm install --ignore-scripts ${packages.join(" ")}`;
    throw new CrossdockError("mail.driver-missing", message, { cause });
  };
