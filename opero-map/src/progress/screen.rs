//! The terminal that all bars share: what is printed between them goes above.

use std::io;
use std::sync::LazyLock;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, TermLike};

static BARS: LazyLock<MultiProgress> = LazyLock::new(|| {
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(Screen(Term::stderr())), 10);
    MultiProgress::with_draw_target(target)
});

/// Returns `true` if standard error is a terminal on which a bar can be drawn.
pub(super) fn can_draw() -> bool {
    Term::stderr().is_term() && !console::is_dumb()
}

/// Draws a bar below those that are there.
pub(super) fn add(bar: ProgressBar) -> ProgressBar {
    BARS.add(bar)
}

/// Takes a bar off the screen.
pub(super) fn remove(bar: &ProgressBar) {
    BARS.remove(bar);
}

/// Prints with all bars suspended, and redraws them below.
pub(super) fn suspended<T>(print: impl FnOnce() -> T) -> T {
    BARS.suspend(print)
}

/// A terminal that may go away: `MultiProgress` panics where writing fails.
#[derive(Debug)]
struct Screen(Term);

macro_rules! ignoring_errors {
    ($($name:ident($($argument:ident: $type:ty)?);)*) => {
        impl TermLike for Screen {
            fn width(&self) -> u16 {
                self.0.size().1
            }

            fn height(&self) -> u16 {
                self.0.size().0
            }

            $(fn $name(&self $(, $argument: $type)?) -> io::Result<()> {
                let _ = self.0.$name($($argument)?);
                Ok(())
            })*
        }
    };
}
ignoring_errors! {
    move_cursor_up(n: usize);
    move_cursor_down(n: usize);
    move_cursor_right(n: usize);
    move_cursor_left(n: usize);
    write_line(text: &str);
    write_str(text: &str);
    clear_line();
    flush();
}
