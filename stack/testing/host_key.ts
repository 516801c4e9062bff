// For tests: a host's public key, as `lighthouse-host key` prints it.
export const KEY =
  "BPni5mzENuGqhQWx6PrdzBGJUrlXe6nOkTc5zRuUGdUSRdNXTOquAfXvwj-YT3Bk--yRTmgt9H-s2mroqiaxr1Y";
