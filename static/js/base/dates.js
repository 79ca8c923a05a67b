import { language } from "./i18n.js";

/** A day of the calendar: "2026-11-22" is "22 Nov 2026", in Chinese "2026年11月22日". */
export function formatDay(iso) {
  const day = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return iso;
  if (language().startsWith("zh"))
    return new Intl.DateTimeFormat("zh-CN", { dateStyle: "long", timeZone: "UTC" }).format(day);
  const parts = new Intl.DateTimeFormat("en-US", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  }).formatToParts(day);
  const part = (type) => parts.find((one) => one.type === type).value;
  return `${part("day")} ${part("month")} ${part("year")}`;
}
