import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { coresWithin, cpuQuota, usableCores } from "../../src/core/cores.js";

const files = (contents: Record<string, string>) => (path: string) => contents[path];

test("a quota of control groups, version 2, is counted in cores, and the tightest above counts", () => {
  const own = { "/proc/self/cgroup": "0::/kubepods/pod1/box\n" };
  assert.equal(cpuQuota(files({ ...own, "/sys/fs/cgroup/kubepods/pod1/box/cpu.max": "150000 100000\n" })), 1.5);
  assert.equal(
    cpuQuota(
      files({
        ...own,
        "/sys/fs/cgroup/kubepods/pod1/box/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/kubepods/pod1/cpu.max": "400000 100000\n",
        "/sys/fs/cgroup/kubepods/cpu.max": "300000 100000\n",
      }),
    ),
    3,
  );
});

test("in a container, where the path is the host's, the root's quota is found", () => {
  const read = files({ "/proc/self/cgroup": "0::/../../x\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n" });
  assert.equal(cpuQuota(read), 2);
});

test("a quota of control groups, version 1, is counted too, and -1 is none", () => {
  const own = { "/proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/docker/b\n" };
  const quota = (us: string) =>
    cpuQuota(
      files({
        ...own,
        "/sys/fs/cgroup/cpu/docker/b/cpu.cfs_quota_us": us,
        "/sys/fs/cgroup/cpu/docker/b/cpu.cfs_period_us": "100000\n",
      }),
    );
  assert.equal(quota("250000\n"), 2.5);
  assert.equal(quota("-1\n"), undefined);
});

test("where no control group limits, none does", () => {
  assert.equal(
    cpuQuota(() => undefined),
    undefined,
  );
  assert.equal(cpuQuota(files({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "rubbish" })), undefined);
});

test("cores are whole, at least one, and never more than affinity or quota give", () => {
  assert.equal(coresWithin(8, undefined), 8);
  assert.equal(coresWithin(8, 2.9), 2);
  assert.equal(coresWithin(2, 16), 2);
  assert.equal(coresWithin(8, 0.5), 1);
});

test("a process bound to one core counts one", {
  skip: spawnSync("taskset", ["--version"]).error && "no taskset",
}, () => {
  const program = `import("${import.meta.resolve("../../src/core/cores.js")}").then((m) => console.log(m.usableCores()))`;
  const { stdout } = spawnSync("taskset", ["-c", "0", process.execPath, "-e", program], { encoding: "utf8" });
  assert.equal(stdout.trim(), "1");
  assert.ok(usableCores() >= 1);
});
