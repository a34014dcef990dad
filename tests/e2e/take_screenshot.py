#!/usr/bin/env python3
"""Takes the README's picture of the chat page of a running server.

usage: build-test/venv/bin/python tests/e2e/take_screenshot.py [URL [QUESTION ...]]      writes docs/screenshot.png
"""
import pathlib
import sys

from browser import Browser

PICTURE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "screenshot.png"


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
    with Browser() as browser:
        browser.resize(1120, 720)
        browser.open(url)
        browser.wait_for("document.getElementById('status-dot').dataset.state === 'ok'")
        browser.click("#open-settings")
        for number, question in enumerate(sys.argv[2:], 1):
            browser.evaluate("document.getElementById('input').focus()")
            browser.type(question)
            browser.press("Enter")
            browser.wait_for(f"document.querySelectorAll('.message.assistant').length === {number}"
                             " && !document.body.classList.contains('busy')", 300)
        browser.screenshot(PICTURE)


if __name__ == "__main__":
    main()
