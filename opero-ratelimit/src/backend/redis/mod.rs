mod held;
mod size;
mod slot;
mod terms;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
