/** Runs a program and keeps the end of what it said, for the message when it fails. */
import { spawn } from "node:child_process";

/** Enough for the reason, which programs print last. */
const KEPT_LINES = 15;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Resolves when it exited with 0. @throws Error with the last lines of its output */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      ...options,
    });
    // Otherwise a terminated set-up would leave its installer at work, and the next one would start a second.
    const passOn = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, passOn);
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-64 * 1024);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.once("close", (code, signal) => {
      for (const name of SIGNALS) process.off(name, passOn);
      if (code === 0) resolve(output);
      else
        reject(
          new Error(
            `${command} ended with ${signal ?? `exit code ${code}`}:\n${lastLines(output)}`,
          ),
        );
    });
  });
}

function lastLines(text) {
  return text
    .trimEnd()
    .split("\n")
    .slice(-KEPT_LINES)
    .map((line) => `    ${line}`)
    .join("\n");
}
