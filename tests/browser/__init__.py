"""The demo page in real Chromium pages, with calls whose video is decoded."""
