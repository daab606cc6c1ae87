//! The QR code of a token (ISO/IEC 18004), as dark runs that both renderers draw as one path.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules that must surround the code for a scanner to find it.
pub(crate) const QUIET_MODULES: usize = 4;

/// A horizontal run of dark modules; the unit is one module, the origin the code's upper left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) len: usize,
}

/// A square of dark and light modules.
pub(crate) struct Code {
    modules: Vec<Color>,
    width: usize,
}

impl Code {
    /// The code of `token` at level M, which survives a fold or a stain over 15 % of it. None for more than a code can
    /// hold (2331 bytes), which no signed token comes near.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(token, EcLevel::M).ok()?;
        Some(Self { width: code.width(), modules: code.into_colors() })
    }

    /// Modules from side to side, the quiet zone included.
    pub(crate) fn span(&self) -> usize {
        self.width + 2 * QUIET_MODULES
    }

    /// Every dark run, row by row; the origin is that of the quiet zone.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        self.modules.chunks(self.width).enumerate().flat_map(|(y, row)| {
            let mut x = 0;
            row.chunk_by(|a, b| a == b).filter_map(move |run| {
                let start = x;
                x += run.len();
                (run[0] == Color::Dark).then_some(Run {
                    x: start + QUIET_MODULES,
                    y: y + QUIET_MODULES,
                    len: run.len(),
                })
            })
        })
    }
}
