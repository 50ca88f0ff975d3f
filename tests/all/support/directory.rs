use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of a test's own, gone with it.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    mounted: bool,
}

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("opero-tests-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self {
            path,
            mounted: false,
        }
    }

    /// One on a file system of its own, with room for `megabytes`. Only root may make one.
    pub(crate) fn of_size(megabytes: u32) -> Self {
        let mut directory = Self::new();
        mount(&["-t", "tmpfs"], &directory, megabytes);
        directory.mounted = true;
        directory
    }

    /// Makes room, or takes it.
    pub(crate) fn resize(&self, megabytes: u32) {
        mount(&["-o", "remount"], self, megabytes);
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.path.join(name).to_str().unwrap().to_owned()
    }
}

fn mount(how: &[&str], directory: &Directory, megabytes: u32) {
    let status = Command::new("mount")
        .args(how)
        .args(["-o", &format!("size={megabytes}m"), "tmpfs"])
        .arg(&directory.path)
        .status()
        .unwrap();
    let way_out = "run this test as root, where a file system can be mounted: it fills one";
    assert!(status.success(), "{way_out}");
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: a database may still be open in it.
            let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        }
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
