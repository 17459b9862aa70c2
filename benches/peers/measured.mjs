// What a peer took, told in the line that the bench reads.

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

export const watch = () => {
  const [wall, used] = [performance.now(), cpu()];
  return (rows) =>
    console.log(
      JSON.stringify({
        wall: (performance.now() - wall) / 1000,
        cpu: cpu() - used,
        peak: process.resourceUsage().maxRSS / 1024,
        rows,
      }),
    );
};
