/** While a run writes something anew, it keeps the room it had: nothing below it jumps. `run` is an ExperimentRun. */
export function holdRoom(run, ...elements) {
  let held = false;
  run.addEventListener("change", () => {
    const running = run.state === "running";
    if (running === held) return;
    held = running;
    for (const element of elements) element.style.minBlockSize = running ? `${element.offsetHeight}px` : "";
  });
}
