// How a file is named before it is sent; the server alone judges what is in it.

export const ACCEPTED = ".jpg,.jpeg,.png,.webp,.pdf";
export const MAX_BYTES = 10 * 1024 * 1024;

const KINDS = {
  jpg: "图片 JPG", jpeg: "图片 JPG", png: "图片 PNG", webp: "图片 WebP", pdf: "PDF 文件",
};

export function sizeOf(bytes) {
  const size = Number(bytes);
  if (!(size > 0)) return "";
  return size < 1024 * 1024 ? `${Math.max(1, Math.round(size / 1024))} KB` : `${(size / 1024 / 1024).toFixed(1)} MB`;
}

export function kindOf(name) {
  const ending = String(name).split(".").pop().toLowerCase();
  return KINDS[ending] ?? "不支持的类型";
}

export const isPicture = (part) => /^image\/(jpeg|png|webp)$/.test(part.mime ?? "");

export const isVoice = (part) => part.type === "file" && /^audio\//.test(part.mime ?? "");

export const isVideo = (part) => part.mime === "video/mp4";

export function refusalOf(file) {
  if (file.size > MAX_BYTES) return `文件有 ${sizeOf(file.size)}，最大 10 MB，请压缩后再发。`;
  return "";
}
