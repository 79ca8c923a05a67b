import { language } from "./i18n.js";

/** A day of the calendar: "2026-11-22" is "22 Nov 2026", in Chinese "2026 年 11 月 22 日". */
export function formatDay(iso) {
  const day = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return iso;
  if (language().startsWith("zh"))
    return `${day.getUTCFullYear()} 年 ${day.getUTCMonth() + 1} 月 ${day.getUTCDate()} 日`;
  const parts = new Intl.DateTimeFormat("en-US", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  }).formatToParts(day);
  const part = (type) => parts.find((one) => one.type === type).value;
  return `${part("day")} ${part("month")} ${part("year")}`;
}
