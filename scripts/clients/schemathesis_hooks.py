"""Uploads for the fuzz: bytes by chance would never be heard, and no reply but the refusal be checked."""

import pathlib

import schemathesis
from hypothesis import strategies

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "test/fixtures"
CLIPS = [(FIXTURES / name).read_bytes() for name in ["single-digit.flac", "three-digits.flac"]]

schemathesis.openapi.format("binary", strategies.sampled_from(CLIPS) | strategies.binary(max_size=64))
