// Times as the desk shows them, always in China's time.

const clock = new Intl.DateTimeFormat("zh-CN", {
  hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
});
const day = new Intl.DateTimeFormat("zh-CN", {
  month: "long", day: "numeric", weekday: "short", timeZone: "Asia/Shanghai",
});
const key = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" });

export const hourOf = (iso) => clock.format(new Date(iso));
export const dayKey = (iso) => key.format(new Date(iso));

export function dayLine(iso, now) {
  const that = dayKey(iso);
  if (that === key.format(now)) return "今天";
  if (that === key.format(now - 86400000)) return "昨天";
  return day.format(new Date(iso));
}

export function lasted(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} 天 ${hours % 24} 小时`;
  if (hours) return `${hours} 小时 ${minutes} 分`;
  return minutes ? `${minutes} 分 ${String(whole % 60).padStart(2, "0")} 秒` : `${whole} 秒`;
}

export const countdown = (ms) => {
  const whole = Math.ceil(ms / 1000);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

export const since = (iso, now) => lasted((now - new Date(iso)) / 1000);

const longDate = new Intl.DateTimeFormat("zh-CN", {
  year: "numeric", month: "long", day: "numeric", timeZone: "Asia/Shanghai",
});
const shortDate = new Intl.DateTimeFormat("zh-CN", {
  month: "numeric", day: "numeric", timeZone: "Asia/Shanghai",
});

export const longDay = (moment) => longDate.format(new Date(moment));
export const dayAndHour = (iso) => `${shortDate.format(new Date(iso))} ${hourOf(iso)}`;
