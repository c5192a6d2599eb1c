import { createRequire } from "node:module";
import type * as Prometheus from "prom-client";

/**
 * The parts of prom-client that are used, each from its own file: its index loads the default metrics too, and with them
 * twelve megabytes of Node's modules.
 */
const require = createRequire(import.meta.url);

export const Registry = require("prom-client/lib/registry") as typeof Prometheus.Registry;
export const Counter = require("prom-client/lib/counter") as typeof Prometheus.Counter;
export const Gauge = require("prom-client/lib/gauge") as typeof Prometheus.Gauge;
export const Histogram = require("prom-client/lib/histogram") as typeof Prometheus.Histogram;
